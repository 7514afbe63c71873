import { instant } from '../clock.js';
import type { Action } from '../history/action.js';
import { passUnlessDisk } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { accountsToApply, lockAccount, markApplied, markPolicy, namedDates, touchAccount, waitingFor, waitingOnAccountsOf, type Account, type Waiting } from '../store/accounts.js';
import { addCounts, lockBatch, markComplete, type Counts } from '../store/batches.js';
import { nextChange, type Change } from '../store/changes.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { Store } from '../store/rehearsal.js';
import type { PolicyInForce } from '../store/policies.js';
import { tallyRows } from '../store/records.js';
import { batchApplied } from './account-change.js';
import { appendToAccount, canAppend, type Way } from './append.js';
import { expectBalance } from './balance.js';
import { deriveAccount, type Applied } from './derive.js';
import { forEachAccount } from './each-account.js';
import { policyFor } from './policy.js';

/**
 * Applies a Ready batch to history, one transaction for each account, and says that it is Complete. Safe to repeat.
 * Throws `unbalanced` where a row got lost: the batch stays Ready then.
 */
export async function applyBatch(database: Store, batch: number, policy: PolicyInForce, way: Way = 'fast'): Promise<void> {
  await forEachAccount(database, await accountsToApply(database.reader, batch), async ({ id, account_number }) => {
    await database.write(async (tx) => applyIfWaiting(tx, batch, id, policy, way), LOOKS_ITSELF, [account_number]);
    await failpoint('account-applied');
  });
  await database.write(async (tx) => completeIfApplied(tx, batch), LOOKS_ITSELF);
  await failpoint('completed');
}

/**
 * The same within the transaction that has just admitted the batch: its accounts are locked, and nothing can come
 * between. Returns the batch.
 */
export async function applyAdmitted(tx: Transaction, batch: number, policy: PolicyInForce): Promise<StageBatch> {
  for (const account of await accountsToApply(tx, batch)) {
    await applyToAccount(tx, batch, account, account, policy, 'fast');
  }
  return complete(tx, batch);
}

/**
 * Applies to the accounts of a staged batch what other batches, admitted before, still have to say of them. One that
 * fails does not stop this batch: whoever sees to it says what is wrong.
 */
export async function catchUp(database: Store, batch: number, policy: PolicyInForce): Promise<void> {
  for (const { batch_id, id, account_number } of await waitingOnAccountsOf(database.reader, batch)) {
    await database.write(async (tx) => applyIfWaiting(tx, batch_id, id, policy, 'fast'), LOOKS_ITSELF, [account_number]).catch(passUnlessDisk);
  }
}

async function applyIfWaiting(tx: Transaction, batch: number, id: number, policy: PolicyInForce, way: Way): Promise<void> {
  const account = await lockAccount(tx, id);
  // A correcting command may have come between: what was true when the batch was listed is asked again.
  const waiting = await waitingFor(tx, batch, account.id);
  if (waiting !== undefined) await applyToAccount(tx, batch, account, waiting, policy, way);
}

async function applyToAccount(tx: Transaction, batch: number, account: Account, waiting: Waiting, policy: PolicyInForce, way: Way): Promise<void> {
  const ruled = { account, policy: policyFor(policy.definition, account.account_number) };
  const work = batchApplied(ruled, batch, await namedDates(tx, account.id, batch));
  const isAppend = way === 'fast' && canAppend(work, waiting.repeated_count);
  const at = instant(tx.now());
  const outcome = isAppend ? await appendToAccount(tx, work, at) : await deriveAccount(tx, work, at);
  await record(tx, batch, outcome);
  const change = await nextChange(tx);
  await markApplied(tx, batch, account.id, change);
  await notePolicy(tx, account, policy, change);
  await failpoint('account-commit');
}

async function record(tx: Transaction, batch: number, { applied, effects }: Applied): Promise<void> {
  const of = (action: Action): number => applied.get(action) ?? 0;
  const counts: Counts = {
    add_count: of('Add'), append_count: of('Append'), unchanged_count: of('Unchanged'), merge_count: of('Merge'),
    replace_count: of('Replace'), zeroed_count: effects.zeroed,
    placeholder_inserted_count: effects.placeholdersInserted, placeholder_replaced_count: effects.placeholdersReplaced,
  };
  await addCounts(tx, batch, counts);
}

async function notePolicy(tx: Transaction, account: Account, policy: PolicyInForce, change: Change): Promise<void> {
  if (account.policy_id === policy.id) await touchAccount(tx, account.id, change);
  else await markPolicy(tx, account.id, policy.id, change);
}

async function completeIfApplied(tx: Transaction, batch: number): Promise<void> {
  if ((await lockBatch(tx, batch))?.batch_status !== 'Ready' || (await accountsToApply(tx, batch)).length > 0) return;
  await complete(tx, batch);
}

async function complete(tx: Transaction, batch: number): Promise<StageBatch> {
  const completed = await markComplete(tx, batch);
  expectBalance(completed, await tallyRows(tx, batch));
  return completed;
}
