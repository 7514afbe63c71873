import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as XLSX from 'xlsx';
import { looksComplete } from '../../src/inbox/complete.js';
import type { Seen } from '../../src/inbox/scan.js';
import { Settler } from '../../src/inbox/settle.js';
import { Folders } from './support.js';

const SETTLE_MS = 3_000;

/** An inbox of one file, looked at as time passes. */
function watchOne(isComplete = false): { at: (ms: number, change?: Partial<Seen>) => Promise<boolean>; next: () => number | undefined; reads: () => number } {
  let [now, reads] = [0, 0];
  let seen: Seen = { name: 'a.xlsx', path: '/in/a.xlsx', size: 10, mtimeMs: 5, inode: 1 };
  const settler = new Settler(SETTLE_MS, () => now, async () => { reads += 1; return isComplete; });
  return {
    at: async (ms, change = {}) => {
      [now, seen] = [ms, { ...seen, ...change }];
      return (await settler.look([seen])).ready.length === 1;
    },
    next: () => settler.nextLookIn(),
    reads: () => reads,
  };
}

describe('a file settles', () => {
  it('after the long time, when its bytes do not tell that it is whole', async () => {
    const { at, next, reads } = watchOne();
    expect([await at(0), next()]).toEqual([false, 300]);
    expect([await at(299), next()]).toEqual([false, 1]);
    expect([await at(300), next()]).toEqual([false, 2_700]);
    expect([await at(2_999), next()]).toEqual([false, 1]);
    expect([await at(3_000), next()]).toEqual([true, undefined]);
    expect(reads()).toBe(1);
  });

  it('after 300 ms when it is a complete zip', async () => {
    const { at } = watchOne(true);
    expect(await at(0)).toBe(false);
    expect(await at(299)).toBe(false);
    expect(await at(300)).toBe(true);
  });

  it('never at the first look, however late that is', async () => {
    expect(await watchOne(true).at(1_000_000)).toBe(false);
  });

  it.each([{ size: 11 }, { mtimeMs: 6 }, { inode: 2 }])('anew after every change: %j', async (change) => {
    const { at, reads } = watchOne();
    await at(0);
    await at(2_999);
    expect(await at(3_001, change)).toBe(false);
    expect(await at(6_000)).toBe(false);
    expect(await at(6_001)).toBe(true);
    expect(reads()).toBe(2);
  });

  it('by the clock of the looks, though its own time lies in the future', async () => {
    const { at } = watchOne();
    await at(0, { mtimeMs: 9e15 });
    expect(await at(3_000)).toBe(true);
  });

  it('when the clock is set back, after the time has passed on it', async () => {
    const { at } = watchOne();
    await at(1_000_000);
    expect(await at(500)).toBe(false);
    expect(await at(3_500)).toBe(true);
  });

  it('anew when it was gone in between', async () => {
    let now = 0;
    const settler = new Settler(SETTLE_MS, () => now, async () => true);
    const seen: Seen = { name: 'a', path: '/in/a', size: 1, mtimeMs: 1, inode: 1 };
    await settler.look([seen]);
    now = 1_000;
    expect(await settler.look([])).toEqual({ ready: [], waiting: 0 });
    expect(settler.nextLookIn()).toBeUndefined();
    expect(await settler.look([seen])).toEqual({ ready: [], waiting: 1 });
  });
});

describe('a file looks complete', () => {
  const folders = new Folders();
  afterEach(() => folders.clear());

  function workbook(comment = ''): string {
    const path = join(folders.make(), 'a.xlsx');
    const book = XLSX.utils.book_new();
    XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([['a', 1], ['b', 2]]), 'S');
    const bytes = XLSX.write(book, { type: 'buffer', bookType: 'xlsx', compression: true }) as Buffer;
    bytes.writeUInt16LE(comment.length, bytes.length - 2);
    writeFileSync(path, Buffer.concat([bytes, Buffer.from(comment)]));
    return path;
  }

  it('when it is a whole workbook, with or without a comment', async () => {
    expect(await looksComplete(workbook())).toBe(true);
    expect(await looksComplete(workbook('c'.repeat(65_535)))).toBe(true);
  });

  it('at no length but its full one', async () => {
    const bytes = readFileSync(workbook());
    const path = join(folders.make(), 'cut.xlsx');
    for (let length = 0; length < bytes.length; length += 7) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(await looksComplete(path)).toBe(false);
    }
  });

  it('not when it grows on, lacks its front, or its room is taken before its bytes', async () => {
    const grown = workbook();
    appendFileSync(grown, 'x');
    expect(await looksComplete(grown)).toBe(false);
    const front = workbook();
    writeFileSync(front, readFileSync(front).subarray(500));
    expect(await looksComplete(front)).toBe(false);
    const allocated = workbook();
    const { length } = readFileSync(allocated);
    truncateSync(allocated, length - 100);
    truncateSync(allocated, length);
    expect(await looksComplete(allocated)).toBe(false);
  });

  it('not when it is empty, another kind, gone, or a folder', async () => {
    const folder = folders.make();
    writeFileSync(join(folder, 'empty.xlsx'), '');
    writeFileSync(join(folder, 'a.csv'), 'a;b\n'.repeat(100_000));
    for (const name of ['empty.xlsx', 'a.csv', 'gone', '.']) expect(await looksComplete(join(folder, name))).toBe(false);
  });
});
