import { holdBatch } from '../store/batches.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import type { Named } from '../store/named.js';
import { countStaged, dropRows, stageRows } from '../store/records.js';
import { failpoint } from '../failpoint.js';
import type { ReadSummary } from '../workbook/reader.js';
import type { DecidingContext } from './context.js';
import { Naming } from './naming.js';

/** What was read of a file and is staged; what its rows name, where that was counted on the way. */
export interface Staged extends ReadSummary {
  readonly named?: readonly Named[];
}

/** Reads a claimed file and stages its rows, chunk by chunk, into a batch that has none. */
export async function stageFile(context: DecidingContext, batch: number, path: string, filename: string): Promise<Staged> {
  await failpoint('attempt-begun');
  let staged = 0;
  let naming: Naming | undefined;
  const read = await context.reader.read(path, context.settings, async (chunk) => {
    if (chunk.restarts) [staged, naming] = [0, undefined];
    if (staged > 0 && countsOnTheWay(context)) (naming ??= new Naming(context.database.reader, batch)).goOn();
    await context.database.write(async (tx) => {
      await holdBatch(tx, batch);
      if (chunk.restarts) await dropRows(tx, batch);
      await stageRows(tx, batch, chunk);
    }, chunk.restarts ? LOOKS_ITSELF : async (tx) => holdsMore(tx, batch, staged));
    staged += chunk.rows;
    await failpoint('chunk-staged');
    context.onRows?.(filename, chunk.rows);
  }, context.signal);
  return naming === undefined ? read : { ...read, named: await naming.all() };
}

/**
 * SQLite finds the rows behind an id along its index; a PostgreSQL server, which has not counted the table yet, might go
 * through the whole batch each time. Of a file of one chunk, which most are, nothing is asked on the way.
 */
function countsOnTheWay({ database }: DecidingContext): boolean {
  return database.reader.dialect.engine === 'sqlite';
}

async function holdsMore(tx: Transaction, batch: number, rows: number): Promise<boolean> {
  await holdBatch(tx, batch);
  return await countStaged(tx, batch) > rows;
}
