import { failDuplicates, lockBatch, markRefused, type Admission } from '../store/batches.js';
import type { Transaction } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';

/** Ends a batch in Error, and with it the Duplicates that named it: their content is not on record after all. */
export async function refuseBatch(
  tx: Transaction, batch: number, reason: string, found: Partial<Admission> = {},
): Promise<void> {
  await markRefused(tx, batch, 'Error', reason, found);
  await failDuplicates(tx, batch, `the same content as batch ${batch}, which ended in Error: ${reason}`);
}

/** Ends a Held batch in Error that somebody rejected, unless it was deleted meanwhile. */
export async function rejectHeld(tx: Transaction, { id, sheet, total_count: total, failure_count: failure }: StageBatch): Promise<void> {
  if ((await lockBatch(tx, id))?.batch_status !== 'Held') return;
  await refuseBatch(tx, id, 'held back and then rejected (scd-inbox reject): nothing was loaded', { sheet: sheet!, total, failure });
}
