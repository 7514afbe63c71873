import { addBatch, countAttempt, failedBatchOf, findClaim, liveBatchOf, markRefused, reopenBatch } from '../store/batches.js';
import type { Transaction } from '../store/database.js';
import type { BatchStatus } from '../store/entities/stage-batch.js';
import { dropRows } from '../store/records.js';

/** A claimed file that gets a batch. */
export interface ClaimedContent {
  readonly filename: string;
  readonly hash: string;
  readonly claim: string;
  /** The node that has claimed it; undefined where there is only one. */
  readonly owner?: string | undefined;
}

/** The batch of a claimed file. */
export interface OpenedBatch {
  readonly id: number;
  readonly status: BatchStatus;
}

/**
 * Gives a claimed file its batch: a Duplicate where the same bytes are on their way or on record, a retry of the batch
 * in Error that has the same bytes, else a new one; the first attempt at it is counted. A claim that has its batch
 * keeps it.
 */
export async function openBatch(tx: Transaction, { filename, hash, claim, owner }: ClaimedContent): Promise<OpenedBatch> {
  const known = await findClaim(tx, claim);
  if (known !== undefined) return { id: known.id, status: known.batch_status };
  const live = await liveBatchOf(tx, hash);
  if (live !== undefined) {
    const id = await addBatch(tx, { filename, hash, claim, owner, status: 'Duplicate' });
    await markRefused(tx, id, 'Duplicate', `the same content as batch ${live.id} (${live.filename}); nothing was loaded from it`, { duplicateOf: live.id });
    return { id, status: 'Duplicate' };
  }
  const failed = await failedBatchOf(tx, hash);
  if (failed === undefined) return { id: await addBatch(tx, { filename, hash, claim, owner, status: 'In Progress' }), status: 'In Progress' };
  await dropRows(tx, failed.id);
  await reopenBatch(tx, failed.id, claim, { owner });
  await countAttempt(tx, failed.id);
  return { id: failed.id, status: 'In Progress' };
}
