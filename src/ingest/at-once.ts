import { hasCode } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { findBatch, lockBatch } from '../store/batches.js';
import { LOOKS_ITSELF, isOutage, type Transaction } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { accountsOf, namedBy } from '../store/named.js';
import { admitBatch, type ReadCounts } from './admit.js';
import { applyAdmitted } from './apply.js';
import type { DecidingContext } from './context.js';

/**
 * The short way of a small file of one account: admitted, applied and completed in one transaction. It ends as the long
 * way ends (test/ingest/append.property.test.ts). Nobody sees it half applied, so it may be gone beside others.
 */

/** So many rows are applied quickly: nobody waits long for a transaction that has taken its place among the changes. */
const AT_ONCE_UP_TO = 1_000;

/**
 * Decides on a staged batch in one transaction. Undefined where it has many rows or several accounts, and where that
 * fails through a fault that the long way would meet as well: it says what is wrong, and what is left to be done. `accounts`
 * are those that it names, where nodes take turns at them.
 */
export async function decideAtOnce(
  { database, settings, policy }: DecidingContext, batch: StageBatch, read: ReadCounts, accounts?: readonly string[],
): Promise<StageBatch | undefined> {
  if (read.rows > AT_ONCE_UP_TO) return undefined;
  try {
    const decided = await database.write(async (tx) => {
      // A Held batch may have been deleted since it was listed.
      const isAsListed = (await lockBatch(tx, batch.id))?.batch_status === batch.batch_status;
      return isAsListed ? decideInOne(tx, batch.id, read, { settings, policy }) : undefined;
    }, LOOKS_ITSELF, accounts);
    if (decided !== undefined) await failpoint('decided-at-once');
    return decided;
  } catch (error) {
    if (isOutage(error) || hasCode(error, 'disk')) throw error;
    return undefined;
  }
}

/** Admits a batch of one account and applies it, in the transaction given. Undefined where it has several: nothing is done. */
export async function decideInOne(
  tx: Transaction, batch: number, read: ReadCounts, { settings, policy }: Pick<DecidingContext, 'settings' | 'policy'>,
): Promise<StageBatch | undefined> {
  const named = read.named ?? await namedBy(tx, batch);
  if (accountsOf(named).length !== 1) return undefined;
  const verdict = await admitBatch(tx, batch, { ...read, named }, settings);
  return verdict === 'Ready' ? applyAdmitted(tx, batch, policy) : findBatch(tx, batch);
}
