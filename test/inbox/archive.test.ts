import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';
import { Folders, filesIn } from './support.js';

mockFileSystem();
const { archive, findArchived, processedFolder, rejectedFolder } = await import('../../src/inbox/archive.js');
const { writeAnswer, writeNote } = await import('../../src/inbox/answer.js');
const { movePart } = await import('../../src/inbox/move.js');
const { sha256 } = await import('../../src/inbox/hash.js');
const { probe } = await import('../../src/inbox/probe.js');
const folders = new Folders();
let base = '';
beforeEach(() => { base = folders.make(); });
afterEach(() => { mend(); folders.clear(); });

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('archiving', () => {
  it('knows the folders, and refuses what is no date', () => {
    expect(processedFolder('/a', '2026-03-09T10:00:00.000Z')).toBe('/a/processed/2026/03');
    expect(rejectedFolder('/a')).toBe('/a/rejected');
    expect(() => processedFolder('/a', 'x/../..')).toThrow('expected a date');
  });

  it('makes the folder, moves the file and removes its claim, but no other folder', async () => {
    const claimed = put(join(base, 'inbox', '.processing', 't1', 'a.xlsx'), 'mine');
    const dropped = put(join(base, 'inbox', 'b.xlsx'), 'other');
    const folder = processedFolder(join(base, 'archive'), '2026-03-09');
    expect(await archive(claimed, folder, 'a.xlsx', 'batch 1')).toBe(join(folder, 'a.xlsx'));
    expect(existsSync(dirname(claimed))).toBe(false);
    rmSync(join(base, 'inbox', '.processing'), { recursive: true });
    await archive(dropped, folder, 'b.xlsx', 'batch 2');
    expect(existsSync(join(base, 'inbox'))).toBe(true);
  });

  it('syncs every folder that it makes into the one above', async () => {
    const synced: string[] = [];
    faults.before = (verb, [path]) => { if (verb === 'sync') synced.push(String(path)); };
    await archive(put(join(base, 'a.xlsx'), 'mine'), join(base, 'archive', 'processed', '2026', '03'), 'a.xlsx', 'batch 1');
    expect(synced).toEqual(expect.arrayContaining([base, ...['archive', 'archive/processed', 'archive/processed/2026'].map((name) => join(base, name))]));
  });

  it('finds a file again that is no longer at its source, under its own name first, and clears the part file away', async () => {
    put(join(base, 'a.xlsx'), 'same');
    put(join(base, 'a (batch 7).xlsx'), 'same');
    put(movePart(base, 'a.xlsx', 'batch 7'), 'same');
    expect(await findArchived(base, 'a.xlsx', 'batch 7', hashOf('same'))).toBe(join(base, 'a (batch 7).xlsx'));
    expect(readdirSync(base).sort()).toEqual(['a (batch 7).xlsx', 'a.xlsx']);
    expect(await findArchived(base, 'a.xlsx', 'batch 8', hashOf('same'))).toBe(join(base, 'a.xlsx'));
    expect(await findArchived(base, 'a.xlsx', 'batch 8', hashOf('none'))).toBeUndefined();
    expect(await findArchived(base, 'a.xlsx', 'batch 7', hashOf('written to since'))).toBe(join(base, 'a (batch 7).xlsx'));
    expect(await findArchived(join(base, 'none'), 'a.xlsx', 'batch 7', hashOf('same'))).toBeUndefined();
    expect(await findArchived(base, 'a.xlsx', 'batch 8', null)).toBeUndefined();
  });

  it('finds a file again wherever a move was killed after its source was gone', async () => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      mend();
      const source = put(join(base, `${killAt}`, 'a.xlsx'), 'mine');
      const folder = join(base, `${killAt}`, 'archive');
      faults.killAt = killAt;
      wasKilled = await archive(source, folder, 'a.xlsx', 'batch 1').then(() => false, () => true);
      mend();
      if (!existsSync(source)) expect(await findArchived(folder, 'a.xlsx', 'batch 1', hashOf('mine'))).toBe(join(folder, 'a.xlsx'));
    }
  });

  it('reads a hash from the bytes, and says what is gone', async () => {
    expect(await sha256(put(join(base, 'a'), 'x'.repeat(1_000_000)))).toBe(hashOf('x'.repeat(1_000_000)));
    await expect(sha256(join(base, 'none'))).rejects.toMatchObject({ code: 'vanished' });
  });
});

describe('an answer', () => {
  const fill = (text: string) => async (part: string): Promise<void> => writeFileSync(part, text);

  it('lies beside the file, a note under its whole name', async () => {
    const archived = put(join(base, 'a.b.xlsx'), 'mine');
    expect(await writeAnswer(archived, fill('answer'))).toBe(join(base, 'a.b.errors.xlsx'));
    expect(await writeNote(archived, 'note')).toBe(join(base, 'a.b.xlsx.txt'));
    expect(filesIn(base)).toEqual({ [archived]: 'mine', [join(base, 'a.b.errors.xlsx')]: 'answer', [join(base, 'a.b.xlsx.txt')]: 'note' });
  });

  it('overwrites nothing that was archived under its name, and adds nothing when it is done again', async () => {
    const archived = put(join(base, 'a.xlsx'), 'mine');
    put(join(base, 'a.errors.xlsx'), 'an answer, mended and dropped');
    put(join(base, 'a.xlsx.txt'), 'a text, dropped');
    for (let time = 0; time < 2; time += 1) {
      expect(await writeAnswer(archived, fill('answer'))).toBe(join(base, 'a (2).errors.xlsx'));
      expect(await writeNote(archived, 'note')).toBe(join(base, 'a.xlsx (2).txt'));
    }
    expect(readdirSync(base)).toHaveLength(5);
    expect(readFileSync(join(base, 'a.errors.xlsx'), 'utf8')).toBe('an answer, mended and dropped');
  });

  it('is whole or not there wherever it is killed, and there once when it is done again', async () => {
    for (let killAt = 0, wasKilled = true; wasKilled; killAt += 1) {
      mend();
      const archived = put(join(base, `${killAt}`, 'a.xlsx'), 'mine');
      const note = `${archived}.txt`;
      faults.killAt = killAt;
      wasKilled = await writeNote(archived, 'note').then(() => false, () => true);
      if (existsSync(note)) expect(readFileSync(note, 'utf8')).toBe('note');
      mend();
      await writeNote(archived, 'note');
      expect(filesIn(dirname(archived))).toEqual({ [archived]: 'mine', [note]: 'note' });
    }
  });

  it('keeps within 255 bytes', async () => {
    const archived = put(join(base, `${'n'.repeat(250)}.xlsx`), 'mine');
    for (const path of [await writeAnswer(archived, fill('answer')), await writeNote(archived, 'note')]) {
      expect(Buffer.byteLength(basename(path))).toBe(255);
    }
    expect(readdirSync(base)).toHaveLength(3);
  });

  it('leaves no part file behind when it cannot be written', async () => {
    const archived = put(join(base, 'a.xlsx'), 'mine');
    await expect(writeAnswer(archived, async (part) => { writeFileSync(part, 'half'); throw new Error('worker lost'); })).rejects.toThrow('worker lost');
    expect(readdirSync(base)).toEqual(['a.xlsx']);
  });
});

describe('the probe', () => {
  it('leaves nothing behind, and makes a missing folder', async () => {
    await probe(join(base, 'deep', 'archive'), 'archive');
    expect(readdirSync(join(base, 'deep', 'archive'))).toEqual([]);
  });

  it('does without hard links', async () => {
    faults.refuse = (verb) => (verb === 'link' ? 'ENOTSUP' : undefined);
    await probe(base, 'archive');
    expect(readdirSync(base)).toEqual([]);
  });

  it.each([
    ['open', 'EACCES', 'cannot write: permission denied; give the user that runs scd-inbox write access to it'],
    ['open', 'ENOSPC', 'cannot write: the disk is full; make room on it'],
    ['rename', 'EROFS', 'cannot rename: the file system is read-only; mount it for writing'],
    ['mkdir', 'EACCES', 'cannot be made: permission denied'],
  ])('says what it tried and what to do: %s, %s', async (tried, code, words) => {
    faults.refuse = (verb) => (verb === tried ? code : undefined);
    await expect(probe(base, 'inbox')).rejects.toMatchObject({ code: 'io', message: expect.stringContaining(`inbox folder ${base}: ${words}`) });
    mend();
    expect(readdirSync(base)).toEqual([]);
  });

  it('refuses a file in the place of a folder', async () => {
    await expect(probe(put(join(base, 'file'), ''), 'inbox')).rejects.toMatchObject({ message: expect.stringContaining('name a folder in the settings') });
  });
});
