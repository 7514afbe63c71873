import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders } from './support.js';

mockFileSystem();
const { scan } = await import('../../src/inbox/scan.js');
const folders = new Folders();
let inbox = '';
beforeEach(() => { inbox = folders.make(); });
afterEach(() => { mend(); folders.clear(); });

const drop = (name: string | Buffer): void => writeFileSync(Buffer.concat([Buffer.from(`${inbox}/`), Buffer.from(name)]), 'x');
const names = async (): Promise<string[]> => (await scan(inbox)).files.map(({ name }) => name);

it('finds regular files, in the order of their names', async () => {
  for (const name of ['b.xlsx', 'a.xlsx', 'B.xlsx', 'no ending', 'ä.csv']) drop(name);
  expect(await names()).toEqual(['B.xlsx', 'a.xlsx', 'b.xlsx', 'no ending', 'ä.csv']);
});

it('leaves out what programs keep beside the real file, in silence', async () => {
  const ignored = ['~$a.xlsx', '.~lock.a.xlsx#', 'a.TMP', 'a.part', 'a.xlsx.CRDOWNLOAD', 'a.filepart', '.hidden', 'Thumbs.db', 'DESKTOP.ini', 'a\nb.tmp', '.a\nb'];
  for (const name of [...ignored, 'tmp', 'a.tmp.xlsx', 'thumbs.db.xlsx', 'x~$a.xlsx']) drop(name);
  mkdirSync(join(inbox, '.processing'));
  expect(await scan(inbox)).toMatchObject({ others: [], recreated: false });
  expect(await names()).toEqual(['a.tmp.xlsx', 'thumbs.db.xlsx', 'tmp', 'x~$a.xlsx']);
});

it('tells what is no file', async () => {
  mkdirSync(join(inbox, 'folder.xlsx'));
  writeFileSync(join(inbox, 'folder.xlsx', 'deep.xlsx'), 'x');
  drop('real.xlsx');
  symlinkSync(join(inbox, 'real.xlsx'), join(inbox, 'link.xlsx'));
  execFileSync('mkfifo', [join(inbox, 'pipe.xlsx')]);
  const { files, others } = await scan(inbox);
  expect(files.map(({ name }) => name)).toEqual(['real.xlsx']);
  expect(others).toEqual([
    { name: 'folder.xlsx', what: 'a folder' }, { name: 'link.xlsx', what: 'a symbolic link' }, { name: 'pipe.xlsx', what: 'a pipe' },
  ]);
});

it('takes names as they come, and tells of those that are no UTF-8, each by its own bytes', async () => {
  const strange = ['line\nbreak.xlsx', 'bell\u0007.xlsx', '\u202Egnp.xlsx', `${'n'.repeat(250)}.xlsx`, '\uFFFD.xlsx'];
  for (const name of strange) drop(name);
  drop(Buffer.from([0x61, 0xff, 0x2e, 0x78]));
  drop(Buffer.from([0x61, 0xfe, 0x2e, 0x78]));
  const { files, others } = await scan(inbox);
  expect(files.map(({ name }) => name)).toEqual([...strange].sort());
  expect(others.map(({ name }) => name)).toEqual(['a\\xfe.x', 'a\\xff.x']);
});

it('makes a missing inbox again and says so', async () => {
  rmSync(inbox, { recursive: true });
  expect(await scan(join(inbox, 'deep'))).toEqual({ files: [], others: [], recreated: true });
  expect(await scan(join(inbox, 'deep'))).toEqual({ files: [], others: [], recreated: false });
});

it('refuses an inbox that is a file, in words', async () => {
  drop('file');
  await expect(scan(join(inbox, 'file'))).rejects.toMatchObject({ code: 'io', retryable: true, message: expect.stringContaining('is no folder') });
});

it('leaves out files that go meanwhile, and tells of those that cannot be looked at', async () => {
  for (const name of ['a.xlsx', 'b.xlsx', 'c.xlsx']) drop(name);
  faults.before = (verb, [path]) => { if (verb === 'lstat' && String(path).endsWith('a.xlsx')) rmSync(String(path)); };
  faults.refuse = (verb, [path]) => (verb === 'lstat' && String(path).endsWith('b.xlsx') ? 'EIO' : undefined);
  const { files, others } = await scan(inbox);
  expect(files.map(({ name }) => name)).toEqual(['c.xlsx']);
  expect(others).toEqual([{ name: 'b.xlsx', what: 'something that cannot be looked at (EIO)' }]);
});

it('looks through 10,000 files within a second or two', async () => {
  for (let number = 0; number < 10_000; number += 1) drop(`${number}.xlsx`);
  const begun = performance.now();
  expect(await names()).toHaveLength(10_000);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
