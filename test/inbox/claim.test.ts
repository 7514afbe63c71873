import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn } from './support.js';

mockFileSystem();
const { claim, claimNames, listClaims, passOn } = await import('../../src/inbox/claim.js');
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

  it.each<[string, (seen: Seen) => void]>([
    ['is longer', ({ path, mtimeMs }) => { writeFileSync(path, 'mine and more'); utimesSync(path, mtimeMs / 1_000, mtimeMs / 1_000); }],
    ['was written to', ({ path }) => utimesSync(path, 1, 1)],
    ['is another of the same size and time', ({ path, mtimeMs }) => {
      writeFileSync(`${path}.new`, 'mine');
      utimesSync(`${path}.new`, mtimeMs / 1_000, mtimeMs / 1_000);
      renameSync(`${path}.new`, path);
    }],
    ['is a link', ({ path }) => { renameSync(path, `${path}.tmp`); symlinkSync(`${path}.tmp`, path); }],
    ['is gone', ({ path }) => rmSync(path)],
  ])('leaves alone what %s since it settled', async (_, change) => {
    const path = join(inbox, 'a.xlsx');
    writeFileSync(path, 'mine');
    // A whole second: what a link or a copy of the time cannot hold exactly would be a difference of its own.
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    const seen = (await scan(inbox)).files[0]!;
    change(seen);
    expect(await claim(inbox, seen, 't1')).toBeUndefined();
    expect(readdirSync(inbox)).not.toContain('.processing');
  });

  it('of a file that is taken away in the very instant leaves nothing behind', async () => {
    const seen = await drop('a.xlsx');
    beforeRename(() => rmSync(seen.path));
    expect(await claim(inbox, seen, 't1')).toBeUndefined();
    expect(readdirSync(join(inbox, '.processing'))).toEqual([]);
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

  it('outlasts a power loss: its folder, the bytes of the file and both ends of the move are synced', async () => {
    await claim(inbox, await drop('a.xlsx'), 't1');
    const seen = await drop('b.xlsx');
    const synced: string[] = [];
    faults.before = (verb, [path]) => {
      if (verb === 'sync') synced.push(relative(inbox, String(path)));
      if (verb === 'rename') synced.push('renamed');
    };
    await claim(inbox, seen, 't2');
    expect(synced).toEqual(['.processing', 'renamed', '.processing/t2/b.xlsx', '.processing/t2', '']);
  });

  it.each<[string, string, string, string, string]>([
    ['looked at', 'lstat', 'a.xlsx', 'EACCES', 'cannot claim a.xlsx: permission denied'],
    ['given a folder', 'mkdir', 't1', 'ENOSPC', 'cannot make the folder .processing/t1 in it: the disk is full'],
    ['moved', 'rename', 'a.xlsx', 'EROFS', 'cannot claim a.xlsx: the file system is read-only'],
  ])('says so in words when the file cannot be %s, and leaves it in the inbox', async (_, refused, ending, code, message) => {
    const seen = await drop('a.xlsx');
    faults.refuse = (verb, [path]) => (verb === refused && String(path).endsWith(`/${ending}`) ? code : undefined);
    await expect(claim(inbox, seen, 't1')).rejects.toMatchObject({ code: 'io', retryable: true, message: `inbox ${inbox}: ${message}` });
    mend();
    expect(await listClaims(inbox)).toEqual([]);
    expect(filesIn(inbox)).toEqual({ [seen.path]: 'mine' });
    if (existsSync(join(inbox, '.processing'))) expect(readdirSync(join(inbox, '.processing'))).toEqual([]);
  });

  it.each(['t1', 'a.xlsx'])('says so in words when it cannot be made to last (%s), and the file stays claimed', async (synced) => {
    const seen = await drop('a.xlsx');
    faults.refuse = (verb, [path]) => (verb === 'open' && String(path).endsWith(`/${synced}`) ? 'EMFILE' : undefined);
    await expect(claim(inbox, seen, 't1')).rejects.toMatchObject({
      code: 'io', retryable: true, message: `inbox ${inbox}: cannot claim a.xlsx: too many open files`,
    });
    mend();
    expect(await listClaims(inbox)).toHaveLength(1);
  });

  it('takes a file that may not be read: its reader says so to its sender', async () => {
    const seen = await drop('a.xlsx');
    faults.refuse = (verb, [path]) => (verb === 'open' && String(path).endsWith('/a.xlsx') ? 'EACCES' : undefined);
    expect(await claim(inbox, seen, 't1')).toBe(join(inbox, '.processing', 't1', 'a.xlsx'));
  });

  it('is killed before any call: the file is whole, in the inbox or in the list', async () => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      const seen = await drop('a.xlsx');
      faults.killAt = killAt + faults.calls;
      await claim(inbox, seen, 't1').catch(() => undefined);
      wasKilled = faults.calls === faults.killAt;
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

  it('holds what a person puts there, in the order of its tokens', async () => {
    for (const token of ['t3', 't1', 't2']) await claim(inbox, await drop(`${token}.xlsx`), token);
    writeFileSync(join(inbox, '.processing', 't2', 'u.xlsx'), 'beside it');
    expect((await listClaims(inbox)).map(({ token, name }) => `${token} ${name}`).sort()).toEqual(['t1 t1.xlsx', 't2 t2.xlsx', 't2 u.xlsx', 't3 t3.xlsx']);
    expect((await claimNames(inbox)).map(({ token }) => token)).toEqual(['t1', 't2', 't3']);
  });

  it.each<[string, string[]]>([
    ['a.xlsx', []],
    ['a (returned).xlsx', ['a.xlsx']],
    ['a (returned).xlsx', []],
    ['a (returned, 2).xlsx', ['a.xlsx', 'a (returned).xlsx']],
  ])('mends a putting back as %s that was killed behind its link, with %j there', async (back, others) => {
    linkSync((await claim(inbox, await drop('a.xlsx'), 't1'))!, join(inbox, back));
    for (const name of others) writeFileSync(join(inbox, name), 'new');
    expect(await listClaims(inbox)).toEqual([]);
    expect(filesIn(inbox)).toEqual({ [join(inbox, back)]: 'mine', ...Object.fromEntries(others.map((name) => [join(inbox, name), 'new'])) });
    expect(readdirSync(join(inbox, '.processing'))).toEqual([]);
  });

  it('names a file that is taken away in the very instant: its reader finds that it is gone', async () => {
    const path = (await claim(inbox, await drop('a.xlsx'), 't1'))!;
    faults.before = (verb, [at]) => { if (verb === 'lstat' && at === path) rmSync(path, { force: true }); };
    expect(await listClaims(inbox)).toEqual([{ token: 't1', name: 'a.xlsx', path }]);
  });

  it('says so in words when it cannot be made', async () => {
    faults.refuse = (verb) => (verb === 'readdir' ? 'EACCES' : undefined);
    await expect(listClaims(inbox)).rejects.toMatchObject({ code: 'io', retryable: true, message: `folder ${join(inbox, '.processing')}: cannot look into it: permission denied` });
  });
});

describe('nodes that share an inbox', () => {
  const nobody = (): boolean => false;
  const at = (folder: string): string => join(inbox, '.processing', folder, 'a.xlsx');

  it('see what each holds, and take up their own alone', async () => {
    expect(await claim(inbox, await drop('a.xlsx'), 't1', 'one')).toBe(at('one~t1'));
    faults.refuse = (verb) => (verb === 'rename' ? 'EROFS' : undefined);
    expect(await listClaims(inbox, nobody, 'one')).toEqual([{ token: 't1', name: 'a.xlsx', path: at('one~t1') }]);
    expect(await listClaims(inbox, nobody, 'two')).toEqual([]);
  });

  it('are listed by what they claimed, not by their names', async () => {
    const held = [['c', 't1'], ['a', 't3'], ['b', 't2']] as const;
    for (const [node, token] of held) await claim(inbox, await drop(`${token}.xlsx`), token, node);
    expect(await claimNames(inbox)).toEqual([{ node: 'c', token: 't1' }, { node: 'b', token: 't2' }, { node: 'a', token: 't3' }]);
  });

  it('leave what is held by one of them where it is when there are none any more', async () => {
    await claim(inbox, await drop('a.xlsx'), 't1', 'one');
    expect(await listClaims(inbox)).toEqual([{ token: 't1', name: 'a.xlsx', path: at('one~t1') }]);
  });

  it('take over what nobody holds, one of them, whoever looks first; not what is in use', async () => {
    await claim(inbox, await drop('a.xlsx'), 't1');
    expect(await listClaims(inbox, (token) => token === 't1', 'one')).toEqual([]);
    expect(await claimNames(inbox)).toEqual([{ node: undefined, token: 't1' }]);
    const lists = await Promise.all(['one', 'two'].map(async (node) => listClaims(inbox, nobody, node)));
    const node = (await claimNames(inbox))[0]!.node!;
    expect(lists.flat()).toEqual([{ token: 't1', name: 'a.xlsx', path: at(`${node}~t1`) }]);
    expect(await listClaims(inbox, nobody, node)).toHaveLength(1);
  });

  it('pass a claim on, durably; one that has gone meanwhile is not', async () => {
    await claim(inbox, await drop('a.xlsx'), 't1', 'one');
    const synced: unknown[] = [];
    faults.before = (verb, [path]) => { if (verb === 'sync') synced.push(path); };
    expect(await passOn(inbox, { node: 'one', token: 't1' }, 'two')).toBe(true);
    expect(synced).toEqual([join(inbox, '.processing')]);
    expect(filesIn(inbox)).toEqual({ [at('two~t1')]: 'mine' });
    expect(await passOn(inbox, { node: 'one', token: 't1' }, 'three')).toBe(false);
    faults.refuse = (verb) => (verb === 'rename' ? 'EROFS' : undefined);
    await expect(passOn(inbox, { node: 'two', token: 't1' }, 'three')).rejects.toMatchObject({
      code: 'io', message: `inbox ${inbox}: cannot pass .processing/two~t1 on to three: the file system is read-only`,
    });
  });
});
