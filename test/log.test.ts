import { expect, jest, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transports } from 'winston';
import { createLog } from '../src/log.js';
import { canMount, fill, mountSmall, unmount } from './support/mounts.js';

/** The texts of the log's files. */
async function filesOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('scd.log'));
  return Promise.all(names.map(async (name) => readFile(join(folder, name), 'utf8')));
}

/** Keeps the terminal clear of hundreds of lines. Returns what ends that. */
function silence(): () => void {
  const terminal = jest.spyOn(transports.Console.prototype, 'log').mockImplementation((_line, next) => (next as () => void)());
  return () => terminal.mockRestore();
}

test('a log file holds a JSON line for each event, with its fields', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-log-'));
  const log = createLog({ level: 'warn', file: join(folder, 'scd.log') }, true);
  log.info('noise', 'not at this level');
  log.warn('batch', 'batch 1 error', { batch: 1 });
  await log.close();
  const texts = await filesOf(folder);
  expect(texts).toHaveLength(1);
  expect(JSON.parse(texts[0]!)).toMatchObject({ level: 'warn', event: 'batch', message: 'batch 1 error', batch: 1 });
  await rm(folder, { recursive: true });
});

test('a log file that grows too large is followed by another, no line is lost in between, and once it is closed all of them are on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-log-'));
  const speakAgain = silence();
  let told = 0;
  // The second log is that of the next start.
  for (let start = 0; start < 2; start += 1) {
    const log = createLog({ level: 'warn', file: join(folder, 'scd.log') }, true, { maxSize: '4k' });
    for (let line = 0; line < 300; line += 1) log.warn('line', `line ${told += 1}`);
    await log.close();
    const files = await filesOf(folder);
    const lines = files.flatMap((text) => text.trim().split(/\r?\n/u)).map((line) => (JSON.parse(line) as { message: string }).message);
    expect(new Set(lines)).toEqual(new Set(Array.from({ length: told }, (_, index) => `line ${index + 1}`)));
    expect(lines).toHaveLength(told);
    expect(files.length).toBeGreaterThan(5 * (start + 1));
  }
  speakAgain();
  await rm(folder, { recursive: true });
});

(canMount ? test : test.skip)('a log file on a full disk is written again once there is room', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-log-'));
  mountSmall(folder, '64k');
  const speakAgain = silence();
  try {
    const makeRoom = fill(folder);
    const log = createLog({ level: 'warn', file: join(folder, 'scd.log') }, true, { reopenMs: 20 });
    for (let line = 0; line < 20; line += 1) log.warn('lost', 'a line for which there is no room');
    makeRoom();
    while (!(await filesOf(folder)).join('').includes('found')) {
      log.warn('found', 'a line for which there is room again');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await log.close();
  } finally {
    speakAgain();
    unmount(folder);
    await rm(folder, { recursive: true });
  }
});

test('a line of the log cannot be forged, broken or turned round by what it tells of', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-log-'));
  const log = createLog({ level: 'info', file: join(folder, 'scd.log') }, true);
  const name = 'a\nbatch 9 complete\r\u001b[2J\u0085\u202excod.\u{e0001}xlsx';
  log.info('batch', `batch 1 complete  ${name}`, { file: name, message: 'forged', level: 'error' });
  await log.close();
  const text = (await filesOf(folder)).join('');
  expect(text).toMatch(/^[^\p{Cc}\p{Cf}\u2028\u2029]+\r?\n$/u);
  expect(JSON.parse(text)).toMatchObject({ level: 'info', file: name, message: 'batch 1 complete  a\\u000abatch 9 complete\\u000d\\u001b[2J\\u0085\\u202excod.\\udb40\\udc01xlsx' });
  await rm(folder, { recursive: true });
});
