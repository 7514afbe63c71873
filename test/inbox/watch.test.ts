import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { IngestError } from '../../src/errors.js';
import { Watcher } from '../../src/inbox/watch.js';
import { Folders, until } from './support.js';

const folders = new Folders();
let [inbox, hints, number] = ['', 0, 0];
let errors: IngestError[] = [];
let watcher: Watcher;

beforeEach(() => {
  [inbox, hints, errors] = [folders.make(), 0, []];
  watcher = new Watcher(inbox, () => { hints += 1; }, (error) => errors.push(error));
});
afterEach(async () => { await watcher.stop(); folders.clear(); });

const drop = (): void => writeFileSync(join(inbox, `${number += 1}.xlsx`), 'x');

/** Watching begins some time after the start: files are dropped until one is seen. */
const hinted = async (): Promise<void> => until(() => hints > 0, drop);

it('hints at a file that is dropped, and at one that is moved in', async () => {
  watcher.start();
  watcher.start();
  await hinted();
  const before = hints;
  const elsewhere = join(folders.make(), 'a.xlsx');
  writeFileSync(elsewhere, 'x');
  renameSync(elsewhere, join(inbox, 'moved.xlsx'));
  await until(() => hints > before);
  expect(errors).toEqual([]);
});

it('does not hint at what we do: names that go, hidden names, what lies in .processing', async () => {
  const claimed = Array.from({ length: 300 }, (_, at) => `claimed ${at}.xlsx`);
  for (const name of claimed) writeFileSync(join(inbox, name), 'x');
  mkdirSync(join(inbox, '.processing'));
  watcher.start();
  await hinted();
  const before = hints;
  for (const name of claimed) renameSync(join(inbox, name), join(inbox, '.processing', name));
  for (const name of claimed) writeFileSync(join(inbox, `.${name}`), 'x');
  writeFileSync(join(inbox, 'marker.xlsx'), 'x');
  await until(() => hints > before);
  // A few files that were dropped at the start may still be told of.
  expect(hints - before).toBeLessThan(100);
});

it('tells once that the folder has gone, and takes it up again when it is started again', async () => {
  watcher.start();
  await hinted();
  rmSync(inbox, { recursive: true });
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: 'io', message: expect.stringContaining('deleted or moved') });
  mkdirSync(inbox);
  hints = 0;
  watcher.start();
  await hinted();
  expect(errors).toHaveLength(1);
});

it('gives no hint after it was stopped, which is safe twice and before any start', async () => {
  await watcher.stop();
  watcher.start();
  await hinted();
  await watcher.stop();
  await watcher.stop();
  const before = hints;
  let seenByOther = false;
  const other = new Watcher(inbox, () => { seenByOther = true; }, () => undefined);
  other.start();
  await until(() => seenByOther, drop);
  await other.stop();
  expect(hints).toBe(before);
});

it('does not mind a folder that is not there', async () => {
  const missing = new Watcher(join(inbox, 'none'), () => undefined, (error) => errors.push(error));
  missing.start();
  await missing.stop();
  expect(errors).toEqual([]);
});
