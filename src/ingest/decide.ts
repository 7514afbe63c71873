import { randomUUID } from 'node:crypto';
import { IngestError, printable } from '../errors.js';
import { lookAt } from '../inbox/files.js';
import { sha256 } from '../inbox/hash.js';
import { findBatch, liveBatchOf, lockBatch, markDecision, reopenBatch } from '../store/batches.js';
import { nextChange } from '../store/changes.js';
import type { Transaction } from '../store/database.js';
import type { Store } from '../store/rehearsal.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { dropRows } from '../store/records.js';

/**
 * Decisions of people about a batch. They are only written down here, in one transaction, and carried out by whoever
 * takes files in: a daemon at its next look, or the command itself where none runs. A kill in between loses nothing.
 */

/** Decides that a Held batch is loaded. Refuses any other. */
export async function approveBatch(store: Store, id: number): Promise<StageBatch> {
  return decideHeld(store, id, 'approved');
}

/** Decides that a Held batch ends in Error. Refuses any other. */
export async function rejectBatch(store: Store, id: number): Promise<StageBatch> {
  return decideHeld(store, id, 'rejected');
}

async function decideHeld(store: Store, id: number, decision: 'approved' | 'rejected'): Promise<StageBatch> {
  return store.write(async (tx) => {
    await lockBatch(tx, id);
    const batch = await expectBatch(tx, id);
    if (batch.batch_status !== 'Held') throw refused(batch, `is ${statusOf(batch)}: only a batch that is Held can be ${decision}`);
    const decided = batch.approved_at !== null ? 'approved' : batch.rejected_at !== null ? 'rejected' : undefined;
    if (decided !== undefined && decided !== decision) throw refused(batch, `was ${decided} already, and that is being carried out`);
    if (decided === undefined) await markDecision(tx, id, decision, (await nextChange(tx)).at);
    return batch;
  }, async (tx) => (await lockBatch(tx, id))?.[`${decision}_at`] != null);
}

/**
 * Begins a batch in Error anew: its file is read again from where it was archived, under the settings of today, and
 * the batch keeps its number. Refuses a batch that is not in Error, and a file that is gone or not the one any more.
 */
export async function retryBatch(store: Store, id: number): Promise<StageBatch> {
  const listed = await expectBatch(store.reader, id);
  expectRetryable(listed);
  await expectArchived(listed);
  const claim = randomUUID();
  return store.write(async (tx) => {
    await lockBatch(tx, id);
    const batch = await expectBatch(tx, id);
    expectRetryable(batch);
    const live = batch.file_hash === null ? undefined : await liveBatchOf(tx, batch.file_hash);
    if (live !== undefined) throw refused(batch, `has the same content as batch ${live.id} (${printable(live.filename)}), which is ${live.batch_status}: there is nothing to retry`);
    await dropRows(tx, id);
    await reopenBatch(tx, id, claim, { archived: batch.archived_path });
    return batch;
  }, async (tx) => (await lockBatch(tx, id))?.claim === claim);
}

function expectRetryable(batch: StageBatch): void {
  if (batch.batch_status === 'Duplicate') throw refused(batch, `is a Duplicate of batch ${batch.duplicate_of}: only a batch in Error can be retried. If that batch is deleted, drop the file again`);
  if (batch.batch_status !== 'Error') throw refused(batch, `is ${statusOf(batch)}: only a batch in Error can be retried`);
  if (batch.claim !== null) throw refused(batch, 'has just ended in Error and its file is not archived yet; try again in a moment, or run scd-inbox process if no daemon runs');
}

async function expectArchived(batch: StageBatch): Promise<void> {
  const { archived_path: path, file_hash: hash } = batch;
  if (path === null || (await lookAt(path))?.isFile() !== true) throw refused(batch, `cannot be retried: its file is not in the archive any more${path === null ? '' : ` (${path})`}; drop it into the inbox again`);
  if (hash !== null && await sha256(path) !== hash) throw refused(batch, `cannot be retried: ${path} is not the file that was dropped, its content has changed; drop it into the inbox as a file of its own`);
}

/** The batch; refuses a number that there is none of. */
export async function expectBatch(db: Transaction | Store['reader'], id: number): Promise<StageBatch> {
  const batch = await findBatch(db, id);
  if (batch === undefined) throw new IngestError('usage', `there is no batch ${id}; scd-inbox batches lists them`);
  return batch;
}

function statusOf({ batch_status: status }: StageBatch): string {
  return status === 'Held' ? 'Held (approve or reject it)' : status;
}

function refused({ id, filename }: StageBatch, why: string): IngestError {
  return new IngestError('usage', `batch ${id} (${printable(filename)}) ${why}`);
}
