import { countAttempt, forgiveAttempt } from '../store/batches.js';
import { dropRows, stageRows } from '../store/records.js';
import { IngestError } from '../errors.js';
import { failpoint } from '../failpoint.js';
import type { ReadSummary } from '../workbook/reader.js';
import type { Context } from './context.js';

/** Reasons for which an attempt at reading does not count against the file. */
const PASSING = new Set(['io', 'database', 'vanished']);

/**
 * Reads a claimed file and stages its rows, chunk by chunk. What an interrupted attempt left is dropped first: it was
 * never on record. Refuses a file that was begun too often.
 */
export async function stageFile(context: Context, batch: number, path: string, filename: string): Promise<ReadSummary> {
  await beginAttempt(context, batch);
  await failpoint('attempt-counted');
  try {
    return await context.reader.read(path, context.settings, async ({ sheet, json, rows }) => {
      await context.database.write(async (tx) => stageRows(tx, batch, sheet, json));
      await failpoint('chunk-staged');
      context.onRows?.(filename, rows);
    }, context.signal);
  } catch (error) {
    if (context.signal.aborted || (error instanceof IngestError && PASSING.has(error.code))) {
      await context.database.write(async (tx) => forgiveAttempt(tx, batch));
    }
    throw error;
  }
}

async function beginAttempt({ database, settings }: Context, batch: number): Promise<void> {
  const attempts = await database.write(async (tx) => {
    await dropRows(tx, batch);
    return countAttempt(tx, batch);
  });
  if (attempts > settings.maxAttempts) {
    throw new IngestError('unreadable', `could not be read in ${settings.maxAttempts} attempts, each of which interrupted `
      + 'the program or its reading thread; the file is set aside. Open it, save it again as .xlsx and drop that');
  }
}
