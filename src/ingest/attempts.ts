import { IngestError } from '../errors.js';
import { countAttempt, forgiveAttempt } from '../store/batches.js';
import type { Transaction } from '../store/database.js';
import type { DecidingContext } from './context.js';

/**
 * Attempts at a batch are counted before they are made: what kills the program each time that it is tried is then
 * known, and left alone after `maxAttempts`, while everything else goes on.
 */

/** Does work on a batch that counts as an attempt, unless it `isForgiven`: it ended, and for no fault of the batch. */
export async function attempt<T>(
  { database, signal }: DecidingContext, batch: number, isForgiven: (error: unknown) => boolean, work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Where the database is in trouble the attempt stays counted; what is thrown is the first error, not the second.
    if (signal.aborted || isForgiven(error)) await database.write(async (tx) => forgiveAttempt(tx, batch)).catch(() => undefined);
    throw error;
  }
}

/** Counts an attempt, together with what prepares it. Returns whether it is one too many. */
export async function beginAttempt(
  { database, settings }: DecidingContext, batch: number, prepare: (tx: Transaction) => Promise<void> = async () => undefined,
): Promise<boolean> {
  const attempts = await database.write(async (tx) => {
    await prepare(tx);
    return countAttempt(tx, batch);
  });
  return attempts > settings.maxAttempts;
}

/** Whether an error says that the same will succeed once its surroundings have mended. */
export function mayPass(error: unknown): boolean {
  return error instanceof IngestError && error.retryable;
}
