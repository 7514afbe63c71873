import { IngestError } from '../errors.js';
import { failpoint } from '../failpoint.js';
import type { Effects } from '../history/action.js';
import { dayOf } from '../history/day.js';
import { accountsToRemove, findAccount, markRemoved, namedDates, standingOf, touchAccount, type Account } from '../store/accounts.js';
import { findBatch, halfDeletedBatches, markDeleted } from '../store/batches.js';
import { nextChange } from '../store/changes.js';
import { blamedOn, deleteRows, deleteRowsOf, repeatsOf, type Blamed, type OnRecord } from '../store/corrections.js';
import type { Database, Transaction } from '../store/database.js';
import { deriveAccount, ruled } from './derive.js';

/** What a deletion changed. */
export interface Deletion {
  readonly accounts: number;
  readonly effects: Effects;
  /** What other files had said because of it. */
  readonly blamed: Blamed;
}

/**
 * Deletes a batch, account by account, as if it had never been dropped (HISTORY.md, Soft delete). Safe to repeat: an
 * interrupted deletion goes on with the accounts that are left. Refuses a batch that is still being staged.
 */
export async function deleteBatch(database: Database, id: number): Promise<Deletion> {
  await database.write(async (tx) => begin(tx, id));
  await failpoint('delete-begun');
  const effects: Effects = { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 };
  const accounts = await accountsToRemove(database.reader, id);
  for (const account of accounts) {
    const changed = await database.write(async (tx) => removeFromAccount(tx, id, account));
    await failpoint('account-removed');
    for (const name of Object.keys(effects) as (keyof Effects)[]) effects[name] += changed?.[name] ?? 0;
  }
  return { accounts: accounts.length, effects, blamed: await blamedOn(database.reader, id) };
}

/** Ends the deletions that were interrupted. Returns their batches. */
export async function resumeDeletions(database: Database): Promise<number[]> {
  const batches = await halfDeletedBatches(database.reader);
  for (const batch of batches) await deleteBatch(database, batch);
  return batches;
}

async function begin(tx: Transaction, id: number): Promise<void> {
  const batch = await findBatch(tx, id);
  if (batch === undefined) throw new IngestError('usage', `there is no batch ${id}; scd-inbox batches lists them`);
  if (batch.batch_status === 'In Progress') throw new IngestError('usage', `batch ${id} (${batch.filename}) is still being read; delete it when it has ended`);
  if (batch.batch_status !== 'Deleted') await markDeleted(tx, id);
}

async function removeFromAccount(tx: Transaction, batch: number, account: Account): Promise<Effects | undefined> {
  const standing = await standingOf(tx, batch, account.id);
  if (standing === 'removed') return undefined;
  const change = await nextChange(tx);
  const before = await namedDates(tx, account.id, null);
  const after = before.filter(({ batch_id }) => batch_id !== batch);
  const dates = before.filter(({ batch_id }) => batch_id === batch).map(({ effective_date }) => dayOf(effective_date));
  const outcome = standing === 'waiting' ? undefined
    : await deriveAccount(tx, { ...(await ruled(tx, account)), before, after, own: null, dates }, change.at);
  await deleteRowsOf(tx, batch, account.account_number, change);
  await markRemoved(tx, batch, account.id, change);
  await touchAccount(tx, account.id, change);
  await failpoint('removal-commit');
  return outcome?.effects;
}

/** Soft-deletes every observation on record of a row's item and date: the item is void there. Returns them. */
export async function deleteRecord(database: Database, id: number): Promise<readonly OnRecord[]> {
  return database.write(async (tx) => {
    const repeats = await repeatsOf(tx, id);
    const [first] = repeats;
    if (first === undefined) throw new IngestError('usage', `record ${id} is not on record: there is no such row, it failed, or it is deleted already`);
    const account = (await findAccount(tx, first.client_account))!;
    const change = await nextChange(tx);
    const named = await namedDates(tx, account.id, null);
    await deriveAccount(tx, {
      ...(await ruled(tx, account)), before: named, after: named, own: null, dates: [dayOf(first.effective_date)],
      voided: new Set(repeats.map((repeat) => repeat.id)),
    }, change.at);
    await deleteRows(tx, repeats.map((repeat) => repeat.id), change);
    await touchAccount(tx, account.id, change);
    await failpoint('void-commit');
    return repeats;
  });
}
