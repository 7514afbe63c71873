import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Claim } from '../../src/inbox/claim.js';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn } from './support.js';

mockFileSystem();
const { listClaims } = await import('../../src/inbox/claim.js');
const { release } = await import('../../src/inbox/release.js');
const { scan } = await import('../../src/inbox/scan.js');
const folders = new Folders();
let inbox = '';
beforeEach(() => { inbox = folders.make(); });
afterEach(() => { mend(); folders.clear(); });

function claimed(name = 'a.xlsx'): Claim {
  const folder = join(inbox, '.processing', 't1');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), 'mine');
  return { token: 't1', name, path: join(folder, name) };
}

const ways = [
  { way: 'by link', refuse: () => undefined, free: 'a.xlsx', taken: 'a (returned).xlsx' },
  // Renaming replaces what it finds: the name must be one that nobody else comes up with.
  { way: 'by rename', refuse: (verb: string) => (verb === 'link' ? 'EPERM' : undefined), free: 'a (returned t1).xlsx', taken: 'a (returned t1).xlsx' },
];

describe.each(ways)('a release $way', ({ refuse, free, taken }) => {
  beforeEach(() => { faults.refuse = refuse; });

  it('puts the file back and leaves no claim behind', async () => {
    expect(await release(inbox, claimed())).toBe(join(inbox, free));
    expect(filesIn(inbox)).toEqual({ [join(inbox, free)]: 'mine' });
    expect(readdirSync(join(inbox, '.processing'))).toEqual([]);
  });

  it('overwrites nothing', async () => {
    writeFileSync(join(inbox, 'a.xlsx'), 'new');
    expect(await release(inbox, claimed())).toBe(join(inbox, taken));
    expect(filesIn(inbox)).toEqual({ [join(inbox, 'a.xlsx')]: 'new', [join(inbox, taken)]: 'mine' });
    expect((await scan(inbox)).files).toHaveLength(2);
  });

  it('outlasts a power loss: the new name is synced before the old one goes, and that it went', async () => {
    const done: string[] = [];
    faults.before = (verb, [path]) => { if (verb === 'sync' || verb === 'unlink') done.push(`${verb} ${relative(inbox, String(path))}`); };
    await release(inbox, claimed());
    expect(done).toEqual(['sync ', 'unlink .processing/t1/a.xlsx', 'sync .processing/t1']);
  });

  it('is killed before any call, and the list mends it: one file, in one place', async () => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      writeFileSync(join(inbox, 'a.xlsx'), 'new');
      const claim = claimed();
      Object.assign(faults, { killAt, calls: 0, refuse });
      await release(inbox, claim).catch(() => undefined);
      wasKilled = faults.calls === killAt;
      mend();
      const claims = await listClaims(inbox);
      expect(Object.values(filesIn(inbox)).sort()).toEqual(['mine', 'new']);
      expect(claims.length + (await scan(inbox)).files.length).toBe(2);
      rmSync(inbox, { recursive: true });
      mkdirSync(inbox);
    }
  });

  it('says so in words where the file is gone', async () => {
    const claim = claimed();
    rmSync(claim.path);
    await expect(release(inbox, claim)).rejects.toMatchObject({ code: 'vanished', retryable: true, message: `inbox ${inbox}: cannot put a.xlsx back: it is not there any more` });
  });
});

describe('a release by rename', () => {
  it('takes the next name where even that nobody else comes up with is taken', async () => {
    faults.refuse = (verb) => (verb === 'link' ? 'EPERM' : undefined);
    writeFileSync(join(inbox, 'a (returned t1).xlsx'), 'new');
    expect(await release(inbox, claimed())).toBe(join(inbox, 'a (returned t1) (returned).xlsx'));
    expect(filesIn(inbox)).toEqual({ [join(inbox, 'a (returned t1).xlsx')]: 'new', [join(inbox, 'a (returned t1) (returned).xlsx')]: 'mine' });
  });

  it('is not for what fails otherwise: a full disk leaves the file claimed', async () => {
    const claim = claimed();
    faults.refuse = (verb) => (verb === 'link' ? 'ENOSPC' : undefined);
    await expect(release(inbox, claim)).rejects.toMatchObject({ code: 'io', message: `inbox ${inbox}: cannot put a.xlsx back: the disk is full` });
    expect(filesIn(inbox)).toEqual({ [claim.path]: 'mine' });
  });

  it('keeps the name of a folder, which replaces no file, unless it is taken', async () => {
    for (const [name, back] of [['b', 'b'], ['c', 'c (returned)']] as const) {
      const path = join(inbox, '.processing', 't1', name);
      mkdirSync(join(path, 'inner'), { recursive: true });
      if (back !== name) writeFileSync(join(inbox, name), 'new');
      expect(await release(inbox, { token: 't1', name, path })).toBe(join(inbox, back));
      expect(readdirSync(join(inbox, back))).toEqual(['inner']);
    }
  });
});
