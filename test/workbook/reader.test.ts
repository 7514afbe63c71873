import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { WorkbookReader, type AnswerRow } from '../../src/workbook/reader.js';
import type { Said } from '../../src/workbook/line.js';
import { answer, read } from '../../src/workbook/worker.js';
import { Folder } from './books.js';
import { HEADINGS, parseChunk, settings } from './support.js';

let folder: Folder;
let reader: WorkbookReader;
beforeAll(async () => {
  folder = await Folder.make();
  reader = new WorkbookReader({ threads: 1, heapMiB: 512 });
});
afterAll(async () => {
  await reader.close();
  await folder.remove();
});

const csv = (rows: number): string => [HEADINGS.join(','), ...Array.from({ length: rows }, (_, index) => `2024-01-31,CL-1,R-${index},Acme,${index},Cash`), ''].join('\n');
const refusal = (code: string, message = /./u): unknown => expect.objectContaining({ name: 'IngestError', code, message: expect.stringMatching(message) as string });
const drop = async (): Promise<void> => undefined;

/** Outside of jest, where SheetJS writes ten times as fast. */
const LARGE_XLS = `import * as XLSX from 'xlsx'; import * as fs from 'node:fs'; XLSX.set_fs(fs);
  const sheet = XLSX.utils.aoa_to_sheet([${JSON.stringify(HEADINGS)}, ...Array.from({ length: 10000 }, (_, row) => ['2024-01-31', 'CL-1', 'R-' + row, 'Company ' + row, row, 'Cash'])]);
  XLSX.writeFile({ SheetNames: ['S'], Sheets: { S: sheet } }, process.argv[1]);`;

describe('reading in a thread', () => {
  test('hands over rows in chunks, in order, one after another', async () => {
    const path = await folder.file('many.csv', csv(42_000));
    const numbers: number[] = [];
    let running = 0;
    const summary = await reader.read(path, settings(), async ({ sheet, json, rows, failed }) => {
      expect([running += 1, sheet, failed]).toEqual([1, 'CSV', 0]);
      const chunk = parseChunk(json);
      expect(chunk).toHaveLength(rows);
      await new Promise((resolve) => { setImmediate(resolve); });
      numbers.push(...chunk.map(({ row }) => row));
      running -= 1;
    });
    expect(numbers).toEqual(Array.from({ length: 42_000 }, (_, index) => index + 2));
    expect(summary).toEqual({ kind: 'CSV file', sheet: 'CSV', rows: 42_000, failed: 0, notices: [] });
  });

  test('has at most four chunks under way that have not been taken', async () => {
    const { port1, port2 } = new MessageChannel();
    const asked: unknown[] = [];
    let wake = (): void => undefined;
    port1.on('message', (said: object) => {
      if ('question' in said) asked.push(said.question);
      wake();
    });
    const until = async (count: number): Promise<void> => { while (asked.length < count) await new Promise<void>((resolve) => { wake = resolve; }); };
    const outcome = read({ path: await folder.file('eight.csv', csv(40_000)), settings: settings(), port: port2 });
    await until(4);
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
    expect(asked).toHaveLength(4);
    port1.postMessage('more');
    await until(5);
    for (let turn = 0; turn < 7; turn += 1) port1.postMessage('more');
    expect(await outcome).toMatchObject({ value: { rows: 40_000 } });
    port1.close();
  });

  test('throws the file’s refusal as it was thrown there: code, message and facts', async () => {
    const path = await folder.file('headings.csv', 'Effective Date,Amount\n');
    await expect(reader.read(path, settings(), drop)).rejects.toMatchObject({
      name: 'IngestError', code: 'headings', retryable: false, facts: { sheet: 'CSV', missing: ['Client Account', 'External Reference', 'Company Name', 'Term'], found: ['Effective Date', 'Amount'] },
    });
    await expect(reader.read(join(folder.path, 'nothing.csv'), settings(), drop)).rejects.toMatchObject({ code: 'vanished', retryable: true });
    await expect(reader.read(folder.path, settings(), drop)).rejects.toMatchObject({ code: 'io', retryable: true });
  });

  test('ends with what the taker of the rows throws, which is not called again', async () => {
    const path = await folder.file('fails.csv', csv(30_000));
    let calls = 0;
    const failure = new Error('the disk is full');
    await expect(reader.read(path, settings(), async () => {
      calls += 1;
      throw failure;
    })).rejects.toBe(failure);
    expect(calls).toBe(1);
    expect((await reader.read(path, settings(), drop)).rows).toBe(30_000);
  });

  test('reads the next file while the last rows of one are still being taken, and ends behind them', async () => {
    const first = await folder.file('first.csv', csv(1));
    const second = await folder.file('second.csv', csv(1));
    const ended: string[] = [];
    let go: () => void;
    const mayGo = new Promise<void>((resolve) => { go = resolve; });
    const one = reader.read(first, settings(), async () => mayGo).then(() => ended.push('first'));
    await reader.read(second, settings(), drop).then(() => ended.push('second'));
    go!();
    await one;
    expect(ended).toEqual(['second', 'first']);
    await expect(reader.read(first, settings(), async () => { throw new Error('the disk is full'); })).rejects.toThrow('the disk is full');
  });

  test('ends with the signal’s reason, before, while and after it is read', async () => {
    const path = await folder.file('aborted.csv', csv(30_000));
    const reason = new Error('told to stop');
    await expect(reader.read(path, settings(), drop, AbortSignal.abort(reason))).rejects.toBe(reason);
    const control = new AbortController();
    let isRunning = false;
    await expect(reader.read(path, settings(), async () => {
      isRunning = true;
      control.abort(reason);
      await new Promise((resolve) => { setImmediate(resolve); });
      isRunning = false;
    }, control.signal)).rejects.toBe(reason);
    expect(isRunning).toBe(false);
    const late = new AbortController();
    await reader.read(path, settings(), drop, late.signal);
    late.abort();
  });

  test('gives up a thread that makes no progress, and goes on with other files', async () => {
    const slow = await folder.file('slow.csv', `${csv(0)}${'a'.repeat(100)}${'\n'.repeat(24_000_000)}`);
    const small = await folder.file('small.csv', csv(1));
    const lost = reader.read(slow, settings({ stallSeconds: 0.02 }), drop);
    const queued = reader.read(small, settings(), drop);
    await expect(lost).rejects.toMatchObject({ code: 'worker-lost', retryable: true, message: expect.stringMatching(/nothing could be read of it for 0.02 s/u) });
    expect((await queued).rows).toBe(1);
  });

  test('does not blame the thread for a taker that is slow', async () => {
    const path = await folder.file('patient.csv', csv(6_000));
    const slowly = async (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 1_200); });
    expect((await reader.read(path, settings({ stallSeconds: 1 }), slowly)).rows).toBe(6_000);
  });

  test('survives a thread that runs out of memory: that file is lost, others are read', async () => {
    const small = new WorkbookReader({ threads: 1, heapMiB: 20 });
    const large = join(folder.path, 'large.xls');
    execFileSync(process.execPath, ['--input-type=module', '-e', LARGE_XLS, large], { cwd: fileURLToPath(new URL('../..', import.meta.url)) });
    await expect(small.read(large, settings(), drop)).rejects.toEqual(refusal('worker-lost', /memory/u));
    expect((await small.read(await folder.file('one.csv', csv(1)), settings(), drop)).rows).toBe(1);
    await small.close();
  });

  test('after the reader was closed, safely twice, is refused; what was under way is lost', async () => {
    const closing = new WorkbookReader({ threads: 1, heapMiB: 256 });
    const path = await folder.file('closing.csv', csv(30_000));
    let close: Promise<void> | undefined;
    await expect(closing.read(path, settings(), async () => { close ??= closing.close(); })).rejects.toEqual(refusal('worker-lost'));
    await close;
    await closing.close();
    await expect(closing.read(path, settings(), drop)).rejects.toEqual(refusal('worker-lost', /stopped/u));
  });
});

describe('writing an answer in a thread', () => {
  const rowsUpTo = async function* (count: number): AsyncGenerator<AnswerRow> {
    for (let row = 2; row < count + 2; row += 1) yield { row, sheet: 'Sheet1', values: ['2024-01-31', 'CL-1', `R-${row}`, 'Acme', null, 'Cash'], raw: ['45322', 'CL-1', `R-${row}`, 'Acme', 'n/a', 'Cash'], error: 'wrong' };
  };

  test('takes rows as they come and gives a workbook that reads back', async () => {
    const path = join(folder.path, 'answer.xlsx');
    await reader.writeAnswer(path, rowsUpTo(2_345));
    expect(await reader.read(path, settings(), drop)).toMatchObject({ sheet: 'Answer', rows: 2_345, failed: 2_345 });
    await reader.writeAnswer(path, []);
    await expect(reader.read(path, settings(), drop)).rejects.toEqual(refusal('no-rows'));
  });

  test('ends with what the rows throw, or with the folder’s refusal, and leaves nothing behind', async () => {
    const failing = async function* (): AsyncGenerator<AnswerRow> {
      yield* rowsUpTo(1_200);
      throw new Error('database is gone');
    };
    const own = await Folder.make();
    await expect(reader.writeAnswer(join(own.path, 'a.xlsx'), failing())).rejects.toThrow('database is gone');
    await expect(reader.writeAnswer(join(own.path, 'missing', 'a.xlsx'), rowsUpTo(1))).rejects.toMatchObject({ retryable: true });
    expect((await readdir(own.path)).filter((name) => name.endsWith('.xlsx'))).toEqual([]);
    await reader.writeAnswer(join(own.path, 'a.xlsx'), rowsUpTo(1));
    expect(await readdir(own.path)).toEqual(['a.xlsx']);
    await own.remove();
  });

  test.each([['its bytes', 1], ['its name', 2]])('says that the disk failed where it failed when %s were to be safe: that does not pass by itself', async (_, nth) => {
    const handle = await open(folder.path);
    const sync = jest.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync');
    await handle.close();
    for (let before = 1; before < nth; before += 1) sync.mockResolvedValueOnce(undefined);
    sync.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' }));
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (said: Said) => { if ('question' in said) port1.postMessage([]); });
    const outcome = await answer({ path: join(folder.path, 'unsafe.xlsx'), port: port2 });
    port1.close();
    sync.mockRestore();
    expect(outcome).toMatchObject({ code: 'disk', retryable: false, message: expect.stringContaining('the disk reported an error when it was to be synced') });
  });
});
