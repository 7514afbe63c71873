import { printable } from '../errors.js';
import { addBatch, countAttempt, findBatch, findContent, lockBatch, markRefused, reopenBatch } from '../store/batches.js';
import type { Transaction } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { dropRows } from '../store/records.js';

/** A claimed file that gets a batch. */
interface ClaimedContent {
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
export async function openBatch(tx: Transaction, content: ClaimedContent): Promise<StageBatch> {
  const { filename, hash, claim, owner } = content;
  const { claimed, live, failed } = await findContent(tx, claim, hash);
  if (claimed !== undefined) return claimed;
  const same = live ?? failed;
  if (same === undefined) return addBatch(tx, { filename, hash, claim, owner, status: 'In Progress' });
  if (!(await isHeldAsFound(tx, same))) return openBatch(tx, content);
  return live === undefined ? openAnew(tx, same, content) : openDuplicate(tx, same, content);
}

/** Holds a batch as it is. Returns false where somebody else has begun or ended it since it was looked for. */
async function isHeldAsFound(tx: Transaction, found: StageBatch): Promise<boolean> {
  const held = await lockBatch(tx, found.id);
  return held?.claim === found.claim && held.batch_status === found.batch_status;
}

async function openAnew(tx: Transaction, { id }: StageBatch, { claim, owner }: ClaimedContent): Promise<StageBatch> {
  await dropRows(tx, id);
  await reopenBatch(tx, id, claim, { owner });
  await countAttempt(tx, id);
  return (await findBatch(tx, id))!;
}

async function openDuplicate(tx: Transaction, original: StageBatch, { filename, hash, claim, owner }: ClaimedContent): Promise<StageBatch> {
  const { id } = await addBatch(tx, { filename, hash, claim, owner, status: 'Duplicate' });
  const reason = `the same content as batch ${original.id} (${printable(original.filename)}); nothing was loaded from it`;
  await markRefused(tx, id, 'Duplicate', reason, { duplicateOf: original.id });
  return (await findBatch(tx, id))!;
}
