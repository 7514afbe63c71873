import { failDuplicates, markRefused, type Admission } from '../store/batches.js';
import type { Transaction } from '../store/database.js';

/** Ends a batch in Error, and with it the Duplicates that named it: their content is not on record after all. */
export async function refuseBatch(
  tx: Transaction, batch: number, reason: string, found: Partial<Admission> = {},
): Promise<void> {
  await markRefused(tx, batch, 'Error', reason, found);
  await failDuplicates(tx, batch, `the same content as batch ${batch}, which ended in Error: ${reason}`);
}
