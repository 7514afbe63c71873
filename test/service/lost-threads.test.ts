import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../support/program.js';
import { bookOf, HEADINGS } from '../support/workbooks.js';

let program: Program;
beforeEach(async () => {
  program = await Program.create({ SCD_SETTLE_MS: '50', SCD_CONCURRENCY: '1' });
  await mkdir(program.inbox);
});
afterEach(async () => program.close());

const book = (reference: string): Buffer => bookOf([HEADINGS, ['2022-01-28', 'CL-1', reference, 'Acme', 1, 'Cash']]);
const lines = (line: string, times: number): Buffer => Buffer.from(`${HEADINGS.join(',')}\n${`${line}\n`.repeat(times)}`);

/** Drops a file of this kind between sound ones, and sees what becomes of them all. */
async function takeIn(bytes: Buffer): Promise<string> {
  const daemon = program.start(['run']);
  let out = '';
  daemon.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  await program.drop('bad.csv', bytes);
  await program.until(daemon, 'select id from stage_batch where filename = \'bad.csv\' and attempts > 0');
  for (const name of ['a.xlsx', 'b.xlsx']) await program.drop(name, book(name));
  await program.until(daemon, 'select id from stage_batch where batch_status = \'Complete\' group by batch_status having count(*) = 2');
  await program.until(daemon, 'select id from stage_batch where filename = \'bad.csv\' and batch_status = \'Error\' and archived_path is not null');
  expect(await program.rows('select error from stage_batch where filename = \'bad.csv\'')).toEqual([
    { error: expect.stringMatching(/^could not be read in 3 attempts, each of which interrupted the program or its reading thread; the file is set aside\./u) },
  ]);
  const files = (await program.files()).filter((path) => path.startsWith('archive/rejected/'));
  expect(files).toEqual(['archive/rejected/bad.csv', 'archive/rejected/bad.csv.txt']);
  const ended = once(daemon, 'close');
  daemon.kill('SIGTERM');
  await ended;
  return out;
}

test('a file that runs its thread out of memory is set aside after three attempts, and the others go on', async () => {
  await mkdir(join(program.folder, 'config'));
  await writeFile(join(program.folder, 'config', 'local.yaml'), 'limits:\n  workerHeapMiB: 20\n');
  const out = await takeIn(lines('2022-01-28,CL-1,A1,Acme,1,Cash', 700_000));
  expect(out.match(/bad\.csv: the thread that worked on it was lost \([^)]*memory[^)]*\)/gu)).toHaveLength(3);
});

test('a file on which its thread makes no progress is set aside after three attempts, and the others go on', async () => {
  // A sign of life comes once a second at most: by this limit a thread is silent on a file that takes it longer, as this
  // one does by far where no limit of rows ends it.
  await mkdir(join(program.folder, 'config'));
  await writeFile(join(program.folder, 'config', 'local.yaml'), 'stallSeconds: 0.3\nlimits:\n  rows: 30000000\n');
  const out = await takeIn(lines('', 20_000_000));
  expect(out.match(/bad\.csv: nothing could be read of it for 0\.3 s; its thread was ended/gu)).toHaveLength(3);
});
