import { linkSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn, otherFileSystem } from './support.js';

mockFileSystem();
const { moveWithoutOverwriting, movePart } = await import('../../src/inbox/move.js');
const folders = new Folders();
afterEach(() => { mend(); folders.clear(); });

const other = otherFileSystem();

const END = ['sync archive', 'unlink source', 'sync inbox', 'unlink part'];

/** The ways of a move: how the file system is, on which one the archive lies, and the order of what has to last. */
const ways = [
  { way: 'by link', refuse: () => undefined, archiveOn: undefined, order: ['link source', ...END] },
  { way: 'by rename, where files may not be linked', refuse: refuseForeign, archiveOn: undefined, order: ['link source', 'link part', 'rename source', ...END] },
  ...(other === undefined ? [] : [{
    way: 'by copy, to another file system', refuse: () => undefined, archiveOn: other, order: ['link source', 'sync part', 'link part', ...END],
  }]),
];

const DURABLE = new Set(['link', 'rename', 'unlink', 'sync']);

function nameOf(path: string, { source, inbox, archive }: { source: string; inbox: string; archive: string }): string {
  if (path.endsWith('.part')) return 'part';
  return path === source ? 'source' : path === inbox ? 'inbox' : path === archive ? 'archive' : path;
}

/** As `protected_hardlinks` does for a file of another user: what was dropped cannot be linked, our part files can. */
function refuseForeign(verb: string, [from]: readonly unknown[]): string | undefined {
  return verb === 'link' && !String(from).endsWith('.part') ? 'EPERM' : undefined;
}

function refuseLinks(verb: string): string | undefined {
  return verb === 'link' ? 'ENOTSUP' : undefined;
}

function place(archiveOn?: string, text = 'mine'): { source: string; inbox: string; archive: string } {
  const inbox = folders.make();
  const source = join(inbox, 'a.xlsx');
  writeFileSync(source, text);
  return { source, inbox, archive: folders.make(archiveOn) };
}

const move = async (source: string, archive: string): Promise<string> => moveWithoutOverwriting(source, archive, 'a.xlsx', 'batch 12');

describe.each(ways)('a move $way', ({ refuse, archiveOn, order }) => {
  it('puts the file under its name and leaves nothing else', async () => {
    const { source, inbox, archive } = place(archiveOn);
    faults.refuse = refuse;
    expect(await move(source, archive)).toBe(join(archive, 'a.xlsx'));
    expect(filesIn(inbox, archive)).toEqual({ [join(archive, 'a.xlsx')]: 'mine' });
  });

  it('outlasts a power loss: its new name is on the disk before the old one goes, and then that it went', async () => {
    const { source, inbox, archive } = place(archiveOn);
    faults.refuse = refuse;
    const told: string[] = [];
    faults.before = (verb, [path]) => { if (DURABLE.has(verb)) told.push(`${verb} ${nameOf(String(path), { source, inbox, archive })}`); };
    await move(source, archive);
    expect(told).toEqual(order);
  });

  it('takes the suffix, then numbers, where names are taken, even by the same bytes', async () => {
    const { source, inbox, archive } = place(archiveOn, 'same');
    faults.refuse = refuse;
    writeFileSync(join(archive, 'a.xlsx'), 'same');
    writeFileSync(join(archive, 'a (batch 12).xlsx'), 'other');
    expect(await move(source, archive)).toBe(join(archive, 'a (batch 12, 2).xlsx'));
    expect(Object.values(filesIn(inbox, archive)).sort()).toEqual(['other', 'same', 'same']);
  });

  it.each(['mine', ''])('ends in one whole file when it is killed before any call and done again (%j)', async (text) => {
    let points = 0;
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      mend();
      const { source, inbox, archive } = place(archiveOn, text);
      writeFileSync(join(archive, 'a.xlsx'), 'theirs');
      Object.assign(faults, { killAt, refuse });
      wasKilled = await move(source, archive).then(() => false, () => true);
      expect(Object.values(filesIn(inbox, archive)).filter((found) => found === text).length).toBeGreaterThanOrEqual(1);
      mend();
      faults.refuse = refuse;
      if (readdirSync(inbox).length === 0) {
        // The source is gone: all that may be left besides the file is the part file, which findArchived removes.
        expect(readFileSync(join(archive, 'a (batch 12).xlsx'), 'utf8')).toBe(text);
        const left = readdirSync(archive).filter((name) => join(archive, name) !== movePart(archive, 'a.xlsx', 'batch 12'));
        expect(left.sort()).toEqual(['a (batch 12).xlsx', 'a.xlsx']);
      } else {
        await move(source, archive);
        expect(filesIn(inbox, archive)).toEqual({ [join(archive, 'a.xlsx')]: 'theirs', [join(archive, 'a (batch 12).xlsx')]: text });
      }
      points += 1;
    }
    expect(points).toBeGreaterThan(5);
  });

  it('ends in one whole file when it is killed twice, at any two calls', async () => {
    for (let first = 0, wasKilled = true; wasKilled; first += 1) {
      for (let second = 0, wasKilledAgain = true; wasKilledAgain; second += 1) {
        mend();
        const { source, inbox, archive } = place(archiveOn);
        Object.assign(faults, { killAt: first, refuse });
        wasKilled = await move(source, archive).then(() => false, () => true);
        Object.assign(faults, { killAt: second, calls: 0 });
        await move(source, archive).catch(() => undefined);
        wasKilledAgain = faults.calls === second;
        mend();
        faults.refuse = refuse;
        await move(source, archive).catch((error: unknown) => expect(error).toMatchObject({ code: 'vanished' }));
        const left = Object.entries(filesIn(inbox, archive)).filter(([path]) => path !== movePart(archive, 'a.xlsx', 'batch 12'));
        expect(left).toEqual([[join(archive, 'a.xlsx'), 'mine']]);
        folders.clear();
      }
    }
  });

  it('refuses as vanished where the source is gone, and touches nothing', async () => {
    const { source, archive } = place(archiveOn);
    faults.refuse = refuse;
    writeFileSync(movePart(archive, 'a.xlsx', 'batch 12'), '');
    linkSync(movePart(archive, 'a.xlsx', 'batch 12'), join(archive, 'a.xlsx'));
    await expect(move(`${source}.gone`, archive)).rejects.toMatchObject({ code: 'vanished' });
    expect(readdirSync(archive)).toContain('a.xlsx');
  });

  it('refuses where the folder is not there, and keeps the source', async () => {
    const { source, archive } = place(archiveOn);
    faults.refuse = refuse;
    await expect(move(source, join(archive, 'none'))).rejects.toMatchObject({ code: 'io', retryable: true });
    expect(readFileSync(source, 'utf8')).toBe('mine');
  });

  it('gives two files of one name that are moved at once two names', async () => {
    const [one, two] = [place(archiveOn, 'one'), place(archiveOn, 'two')];
    faults.refuse = refuse;
    const { archive } = one;
    const paths = await Promise.all([
      moveWithoutOverwriting(one.source, archive, 'a.xlsx', 'batch 1'), moveWithoutOverwriting(two.source, archive, 'a.xlsx', 'batch 2'),
    ]);
    expect(new Set(paths).size).toBe(2);
    expect(Object.values(filesIn(archive)).sort()).toEqual(['one', 'two']);
  });

  it('keeps a name of 255 bytes within 255 bytes and whole characters', async () => {
    const { source, archive } = place(archiveOn);
    faults.refuse = refuse;
    const name = `${'é'.repeat(125)}.xlsx`;
    writeFileSync(join(archive, name), 'theirs');
    const path = await moveWithoutOverwriting(source, archive, name, 'batch 12');
    expect(path).toMatch(/\/é+ \(batch 12\)\.xlsx$/u);
    expect(Buffer.byteLength(path.slice(archive.length + 1))).toBeLessThanOrEqual(255);
  });
});

describe('a move', () => {
  it('only removes the old name where a kill left both', async () => {
    const { source, inbox, archive } = place();
    linkSync(source, join(archive, 'a (batch 12).xlsx'));
    expect(await move(source, archive)).toBe(join(archive, 'a (batch 12).xlsx'));
    expect(readdirSync(inbox)).toEqual([]);
  });

  it('replaces what is left of a copy', async () => {
    const { source, inbox, archive } = place(other);
    writeFileSync(movePart(archive, 'a.xlsx', 'batch 12'), 'mi');
    await move(source, archive);
    expect(filesIn(inbox, archive)).toEqual({ [join(archive, 'a.xlsx')]: 'mine' });
  });

  it('does not link a second name when the old one cannot be removed', async () => {
    const { source, archive } = place();
    faults.refuse = (verb, [path]) => (verb === 'unlink' && path === source ? 'EPERM' : undefined);
    await expect(move(source, archive)).rejects.toMatchObject({ code: 'io' });
    await expect(move(source, archive)).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(archive)).toEqual(['a.xlsx']);
  });

  it('works where there are no hard links at all', async () => {
    const { source, inbox, archive } = place();
    writeFileSync(join(archive, 'a.xlsx'), 'theirs');
    faults.refuse = refuseLinks;
    expect(await move(source, archive)).toBe(join(archive, 'a (batch 12).xlsx'));
    expect(filesIn(inbox, archive)).toEqual({ [join(archive, 'a.xlsx')]: 'theirs', [join(archive, 'a (batch 12).xlsx')]: 'mine' });
  });

  it('says what is wrong in plain words, and keeps the source, when the disk is full', async () => {
    const { source, archive } = place();
    faults.refuse = (verb) => (verb === 'link' ? 'ENOSPC' : undefined);
    await expect(move(source, archive)).rejects.toMatchObject({ code: 'io', retryable: true, message: `cannot move a.xlsx to ${archive}: the disk is full` });
    expect(readFileSync(source, 'utf8')).toBe('mine');
  });

  (other === undefined ? it.skip : it)('across file systems keeps the time of the file, and every byte of a big one', async () => {
    const { source, archive } = place(other, 'x'.repeat(3_000_001));
    utimesSync(source, 1_000_000, 1_000_000);
    const path = await move(source, archive);
    expect(statSync(path).mtimeMs).toBe(1_000_000_000);
    expect(statSync(path).size).toBe(3_000_001);
  });

  (other === undefined ? it.skip : it)('across file systems refuses a file that is written to meanwhile, and leaves no copy', async () => {
    const { source, archive } = place(other);
    faults.before = (verb, [path, flags]) => {
      if (verb === 'open' && flags === 'wx' && String(path).endsWith('.part')) writeFileSync(source, 'mine and more');
    };
    await expect(move(source, archive)).rejects.toMatchObject({ code: 'changed', retryable: true });
    expect(readdirSync(archive)).toEqual([]);
    expect(readFileSync(source, 'utf8')).toBe('mine and more');
  });

  (other === undefined ? it.skip : it)('across file systems believes no copy that differs, and leaves none', async () => {
    const { source, archive } = place(other);
    faults.before = (verb, [path]) => { if (verb === 'sync' && String(path).endsWith('.part')) writeFileSync(String(path), 'mime'); };
    await expect(move(source, archive)).rejects.toMatchObject({ code: 'io', retryable: true, message: expect.stringContaining('differs from it; it is left where it is') });
    expect(readdirSync(archive)).toEqual([]);
    expect(readFileSync(source, 'utf8')).toBe('mine');
  });

  it('does not mistake a folder of the same name for a free name', async () => {
    const { source, archive } = place();
    mkdirSync(join(archive, 'a.xlsx'));
    expect(await move(source, archive)).toBe(join(archive, 'a (batch 12).xlsx'));
  });
});
