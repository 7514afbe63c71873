import { holdBatch } from '../store/batches.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import { countRows, dropRows, stageRows } from '../store/records.js';
import { failpoint } from '../failpoint.js';
import type { ReadSummary } from '../workbook/reader.js';
import type { DecidingContext } from './context.js';

/** Reads a claimed file and stages its rows, chunk by chunk, into a batch that has none. */
export async function stageFile(context: DecidingContext, batch: number, path: string, filename: string): Promise<ReadSummary> {
  await failpoint('attempt-begun');
  let staged = 0;
  return context.reader.read(path, context.settings, async ({ sheet, json, rows, restarts }) => {
    if (restarts) staged = 0;
    await context.database.write(async (tx) => {
      await holdBatch(tx, batch);
      if (restarts) await dropRows(tx, batch);
      await stageRows(tx, batch, sheet, json);
    }, restarts ? LOOKS_ITSELF : async (tx) => holdsMore(tx, batch, staged));
    staged += rows;
    await failpoint('chunk-staged');
    context.onRows?.(filename, rows);
  }, context.signal);
}

async function holdsMore(tx: Transaction, batch: number, rows: number): Promise<boolean> {
  await holdBatch(tx, batch);
  return (await countRows(tx, batch)).total > rows;
}
