import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { faults, mend, mockFileSystem } from './faulty-fs.js';

mockFileSystem();
const { syncFolder } = await import('../../src/inbox/files.js');

let folder: string;
let opened: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scd-files-'));
  opened = 0;
  faults.before = (verb) => { if (verb === 'open') opened += 1; };
});
afterEach(() => {
  mend();
  rmSync(folder, { recursive: true });
});

/** Asks for a sync and returns once it has begun. */
async function begun(): Promise<{ ended: Promise<void> }> {
  const ended = syncFolder(folder);
  for (const before = opened; opened === before;) await Promise.resolve();
  return { ended };
}

it('syncs a folder anew for those who ask while a sync goes on, and once for all of them', async () => {
  const { ended } = await begun();
  const asked = Array.from({ length: 10 }, async () => syncFolder(folder));
  expect(opened).toBe(1);
  await Promise.all([ended, ...asked]);
  expect(opened).toBe(2);
  await syncFolder(folder);
  expect(opened).toBe(3);
});

it('tells all who share a sync that it failed, and begins afresh with the next', async () => {
  const { ended } = await begun();
  faults.refuse = (verb) => (verb === 'open' ? 'EMFILE' : undefined);
  const asked = await Promise.allSettled(Array.from({ length: 3 }, async () => syncFolder(folder)));
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await ended;
  faults.refuse = () => undefined;
  await syncFolder(folder);
});

it('does not let one folder wait for another', async () => {
  const other = mkdtempSync(join(tmpdir(), 'scd-files-'));
  await Promise.all([syncFolder(folder), syncFolder(other)]);
  expect(opened).toBe(2);
  rmSync(other, { recursive: true });
});
