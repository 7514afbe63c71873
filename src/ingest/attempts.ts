import { IngestError, passUnlessDisk } from '../errors.js';
import { countAttempt, forgiveAttempt, lockBatch } from '../store/batches.js';
import { isOutage, type Transaction } from '../store/database.js';
import type { DecidingContext } from './context.js';

/**
 * Attempts at a batch are counted before they are made: what kills the program each time that it is tried is then
 * known, and left alone after `maxAttempts`, while everything else goes on.
 */

/** Does work on a batch that counts as an attempt, unless it `isForgiven`: it ended, and for no fault of the batch. */
export async function attempt<T>(context: DecidingContext, batch: number, isForgiven: (error: unknown) => boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (context.signal.aborted || isForgiven(error)) await forgive(context, batch);
    throw error;
  }
}

/** Where the database is in trouble the attempt stays counted, and the next one is not; what is thrown is the first error, or the disk's. */
async function forgive({ database, pardoned }: DecidingContext, batch: number): Promise<void> {
  await database.write(async (tx) => forgiveAttempt(tx, batch)).catch((error: unknown) => {
    passUnlessDisk(error);
    pardoned.add(batch);
  });
}

/** Counts an attempt, together with what prepares it. Returns whether it is one too many. */
export async function beginAttempt(
  { database, settings, pardoned }: DecidingContext, batch: number, prepare: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<boolean> {
  const isPardoned = pardoned.has(batch);
  let counted = 0;
  try {
    const attempts = await database.write(async (tx) => {
      // First of all, for that locks the batch: whatever an earlier attempt has on its way is there or not behind it.
      counted = await countAttempt(tx, batch, isPardoned ? 0 : 1);
      await prepare(tx);
      return counted;
    }, async (tx) => !isPardoned && (await lockBatch(tx, batch))?.attempts === counted);
    pardoned.delete(batch);
    return attempts > settings.maxAttempts;
  } catch (error) {
    // It was not made, but may be counted.
    if (isOutage(error)) pardoned.add(batch);
    throw error;
  }
}

/**
 * Whether an error says that the same will succeed once its surroundings have mended: it says nothing of the batch.
 * A database may even where the same call would not; a failing disk and a lost lease end the program or its work.
 */
export function mayPass(error: unknown): boolean {
  return error instanceof IngestError && (error.retryable || SURROUNDINGS.has(error.code));
}

const SURROUNDINGS: ReadonlySet<string> = new Set(['database', 'disk', 'lost']);

/** Whether an attempt at reading is not held against its file; one that took the reading thread with it is. */
export function sparesFile(error: unknown): boolean {
  return mayPass(error) && (error as IngestError).code !== 'worker-lost';
}
