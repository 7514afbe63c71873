import { addBatch, countAttempt, findBatch, findContent, markRefused, reopenBatch } from '../store/batches.js';
import type { Transaction } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { dropRows } from '../store/records.js';

/** A claimed file that gets a batch. */
export interface ClaimedContent {
  readonly filename: string;
  readonly hash: string;
  readonly claim: string;
  /** The node that has claimed it; undefined where there is only one. */
  readonly owner?: string | undefined;
}

/**
 * Gives a claimed file its batch: a Duplicate where the same bytes are on their way or on record, a retry of the batch
 * in Error that has the same bytes, else a new one; the first attempt at it is counted. A claim that has its batch
 * keeps it.
 */
export async function openBatch(tx: Transaction, { filename, hash, claim, owner }: ClaimedContent): Promise<StageBatch> {
  const { claimed, live, failed } = await findContent(tx, claim, hash);
  if (claimed !== undefined) return claimed;
  if (live !== undefined) {
    const { id } = await addBatch(tx, { filename, hash, claim, owner, status: 'Duplicate' });
    await markRefused(tx, id, 'Duplicate', `the same content as batch ${live.id} (${live.filename}); nothing was loaded from it`, { duplicateOf: live.id });
    return (await findBatch(tx, id))!;
  }
  if (failed === undefined) return addBatch(tx, { filename, hash, claim, owner, status: 'In Progress' });
  await dropRows(tx, failed.id);
  await reopenBatch(tx, failed.id, claim, { owner });
  await countAttempt(tx, failed.id);
  return (await findBatch(tx, failed.id))!;
}
