import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn } from './support.js';

mockFileSystem();
const { claim, listClaims } = await import('../../src/inbox/claim.js');
const { release } = await import('../../src/inbox/release.js');
const { archive } = await import('../../src/inbox/archive.js');
const { scan } = await import('../../src/inbox/scan.js');
const folders = new Folders();
let inbox = '';
beforeEach(() => { inbox = folders.make(); });
afterEach(() => { mend(); folders.clear(); });

type Seen = Awaited<ReturnType<typeof scan>>['files'][number];

async function drop(name: string, text = 'mine'): Promise<Seen> {
  writeFileSync(join(inbox, name), text);
  return (await scan(inbox)).files.find((seen) => seen.name === name)!;
}

/** Does something as soon as the claim renames the file, just before it. */
function beforeRename(act: () => void): void {
  faults.before = (verb) => {
    if (verb !== 'rename') return;
    faults.before = () => undefined;
    act();
  };
}

describe('a claim', () => {
  it('moves the file into a folder of its own, under its own name', async () => {
    const path = await claim(inbox, await drop('a.xlsx'), 't1');
    expect(path).toBe(join(inbox, '.processing', 't1', 'a.xlsx'));
    expect(await listClaims(inbox)).toEqual([{ token: 't1', name: 'a.xlsx', path }]);
    expect((await scan(inbox)).files).toEqual([]);
  });

  it.each([
    `${'n'.repeat(250)}.xlsx`, 'line\nbreak\u0007.xlsx', '\u202Egnp.xlsx', `${'é'.repeat(125)}.xlsx`, ' .xlsx', '-rf.xlsx', '__proto__',
  ])('takes any name, and gives it back: %j', async (name) => {
    const path = (await claim(inbox, await drop(name), 't1'))!;
    const [claimed] = await listClaims(inbox);
    expect(claimed).toEqual({ token: 't1', name, path });
    await release(inbox, claimed!);
    expect(filesIn(inbox)).toEqual({ [join(inbox, name)]: 'mine' });
  });

  it('is won by one of two', async () => {
    const seen = await drop('a.xlsx');
    const paths = await Promise.all([claim(inbox, seen, 't1'), claim(inbox, seen, 't2')]);
    expect(paths.filter((path) => path !== undefined)).toHaveLength(1);
    expect(await listClaims(inbox)).toHaveLength(1);
    expect(readdirSync(join(inbox, '.processing'))).toHaveLength(1);
  });

  it('leaves a file alone that has changed since it settled', async () => {
    const seen = await drop('a.xlsx');
    writeFileSync(seen.path, 'mine and more');
    faults.refuse = (verb) => (verb === 'rename' ? 'EIO' : undefined);
    expect(await claim(inbox, seen, 't1')).toBeUndefined();
    expect(filesIn(inbox)).toEqual({ [seen.path]: 'mine and more' });
  });

  it('puts back a file that changes in the very instant', async () => {
    const seen = await drop('a.xlsx');
    beforeRename(() => writeFileSync(seen.path, 'mine and more'));
    expect(await claim(inbox, seen, 't1')).toBeUndefined();
    expect(filesIn(inbox)).toEqual({ [seen.path]: 'mine and more' });
    expect(await listClaims(inbox)).toEqual([]);
  });

  it('puts back what replaced the file in the very instant: another file, a folder, a link, a pipe', async () => {
    const replacements: [string, (path: string) => void][] = [
      ['file', (path) => { writeFileSync(`${path}.tmp`, 'mine'); renameSync(`${path}.tmp`, path); }],
      ['folder', (path) => { rmSync(path); mkdirSync(path); writeFileSync(join(path, 'inner'), 'kept'); }],
      ['link', (path) => { rmSync(path); symlinkSync('/nowhere', path); }],
      ['pipe', (path) => { rmSync(path); execFileSync('mkfifo', [path]); }],
    ];
    for (const [kind, replace] of replacements) {
      const seen = await drop(`${kind}.xlsx`);
      beforeRename(() => replace(seen.path));
      expect(await claim(inbox, seen, kind)).toBeUndefined();
    }
    expect(await listClaims(inbox)).toEqual([]);
    expect(readdirSync(inbox).sort()).toEqual(['.processing', 'file.xlsx', 'folder.xlsx', 'link.xlsx', 'pipe.xlsx']);
    expect(filesIn(inbox)[join(inbox, 'folder.xlsx', 'inner')]).toBe('kept');
  });

  it('says so in words when it cannot be made to last, and the file stays claimed', async () => {
    const seen = await drop('a.xlsx');
    faults.refuse = (verb, [path]) => (verb === 'open' && String(path).endsWith('t1') ? 'EMFILE' : undefined);
    await expect(claim(inbox, seen, 't1')).rejects.toMatchObject({
      code: 'io', retryable: true, message: `inbox ${inbox}: cannot claim a.xlsx: too many open files`,
    });
    mend();
    expect(await listClaims(inbox)).toHaveLength(1);
  });

  it('is killed before any call: the file is whole, in the inbox or in the list', async () => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      const seen = await drop('a.xlsx');
      faults.killAt = killAt + faults.calls;
      wasKilled = await claim(inbox, seen, 't1').then(() => false, () => true);
      mend();
      const claims = await listClaims(inbox);
      const { files } = await scan(inbox);
      expect(claims.length + files.length).toBe(1);
      expect(readdirSync(inbox, { recursive: true })).not.toContain(claims.length === 0 ? join('.processing', 't1') : 'a.xlsx');
      rmSync(inbox, { recursive: true });
      mkdirSync(inbox);
    }
  });
});

describe('a release', () => {
  const ways = [
    { way: 'by link', refuse: () => undefined },
    { way: 'by rename', refuse: (verb: string) => (verb === 'link' ? 'EPERM' : undefined) },
  ];

  it.each(ways)('overwrites nothing ($way)', async ({ refuse }) => {
    await claim(inbox, await drop('a.xlsx'), 't1');
    await drop('a.xlsx', 'new');
    faults.refuse = refuse;
    const path = await release(inbox, (await listClaims(inbox))[0]!);
    expect(filesIn(inbox)).toEqual({ [join(inbox, 'a.xlsx')]: 'new', [path]: 'mine' });
    expect(path).toMatch(/a \(returned( t1)?\)\.xlsx$/u);
    expect((await scan(inbox)).files).toHaveLength(2);
  });

  it.each(ways)('is killed before any call, and the list mends it: one file, in one place ($way)', async ({ refuse }) => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      await claim(inbox, await drop('a.xlsx'), 't1');
      await drop('a.xlsx', 'new');
      const [claimed] = await listClaims(inbox);
      Object.assign(faults, { killAt, calls: 0, refuse });
      wasKilled = await release(inbox, claimed!).then(() => false, () => true);
      mend();
      const claims = await listClaims(inbox);
      expect(Object.values(filesIn(inbox)).sort()).toEqual(['mine', 'new']);
      expect(claims.length + (await scan(inbox)).files.length).toBe(2);
      rmSync(inbox, { recursive: true });
      mkdirSync(inbox);
    }
  });
});

describe('the list of claims', () => {
  it('is empty where nothing was ever claimed', async () => {
    expect(await listClaims(inbox)).toEqual([]);
  });

  it('removes empty folders, leaves those in use, and passes over what is no claim', async () => {
    mkdirSync(join(inbox, '.processing', 'empty'), { recursive: true });
    mkdirSync(join(inbox, '.processing', 'begun'));
    writeFileSync(join(inbox, '.processing', 'stray'), 'stray');
    expect(await listClaims(inbox, (token) => token === 'begun')).toEqual([]);
    expect(readdirSync(join(inbox, '.processing')).sort()).toEqual(['begun', 'stray']);
  });

  it('keeps a claim whose file the sender has linked elsewhere, or whose archiving was interrupted', async () => {
    const path = (await claim(inbox, await drop('a.xlsx'), 't1'))!;
    const store = folders.make();
    linkSync(path, join(store, 'a.xlsx'));
    expect(await listClaims(inbox)).toHaveLength(1);
    expect(await archive(path, store, 'a.xlsx', 'batch 1')).toBe(join(store, 'a.xlsx'));
    expect(await listClaims(inbox)).toEqual([]);
    expect(statSync(join(store, 'a.xlsx')).nlink).toBe(1);
  });
});
