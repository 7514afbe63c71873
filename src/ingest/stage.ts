import { failpoint } from '../failpoint.js';
import { Names, type Named } from '../named.js';
import { holdBatch } from '../store/batches.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import { countStaged, dropRows, stageRows } from '../store/records.js';
import type { ReadSummary } from '../workbook/reader.js';
import type { DecidingContext } from './context.js';

/** What was read of a file and is staged, and what its rows name. */
export interface Staged extends ReadSummary {
  readonly named: readonly Named[];
}

/** Reads a claimed file and stages its rows, chunk by chunk, into a batch that has none. */
export async function stageFile(context: DecidingContext, batch: number, path: string, filename: string): Promise<Staged> {
  await failpoint('attempt-begun');
  let staged = 0;
  let names = new Names();
  const read = await context.reader.read(path, context.settings, async (chunk) => {
    if (chunk.restarts) [staged, names] = [0, new Names()];
    await context.database.write(async (tx) => {
      await holdBatch(tx, batch);
      if (chunk.restarts) await dropRows(tx, batch);
      await stageRows(tx, batch, chunk);
    }, chunk.restarts ? LOOKS_ITSELF : async (tx) => holdsMore(tx, batch, staged));
    staged += chunk.rows;
    names.add(chunk.named);
    await failpoint('chunk-staged');
    context.onRows?.(filename, chunk.rows);
  }, context.signal);
  return { ...read, named: names.all() };
}

async function holdsMore(tx: Transaction, batch: number, rows: number): Promise<boolean> {
  await holdBatch(tx, batch);
  return await countStaged(tx, batch) > rows;
}
