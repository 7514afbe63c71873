import { instant } from '../clock.js';
import { IngestError, printable } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { dateOf } from '../history/day.js';
import { accountsToRemove, findAccount, lockAccount, markRemoved, namedDates, standingOf, touchAccount, type Account } from '../store/accounts.js';
import { halfDeletedBatches, lockBatch, markDeleted } from '../store/batches.js';
import { nextChange } from '../store/changes.js';
import { blamedOn, deleteNamelessRows, deleteRows, deleteRowsOf, findRow, repeatsOf, type Blamed, type OnRecord } from '../store/corrections.js';
import type { Transaction } from '../store/database.js';
import type { BatchStatus, StageBatch } from '../store/entities/stage-batch.js';
import type { Store } from '../store/rehearsal.js';
import { batchRemoved, rowsVoided, withPolicy, type AccountChange } from './account-change.js';
import { canRemoveAppend, removeAppend, type Way } from './append.js';
import { isAdmitted } from './balance.js';
import { expectBatch } from './decide.js';
import { deriveAccount, noChanges, type Changes } from './derive.js';
import { forEachAccount } from './each-account.js';
import { recordOfVersion, whyNotOnRecord } from './started.js';

/** What a deletion of a batch changed. */
export interface Deletion extends Changes {
  readonly batch: number;
  readonly filename: string;
  /** What the batch was before. */
  readonly status: BatchStatus;
  /** How many accounts this deletion took it back from; an interrupted one may have done others. */
  readonly accounts: number;
  /** What other files had said because of it. */
  readonly blamed: Blamed;
}

/** What a deletion of a record changed: every observation of its item and date. */
export interface RecordDeletion extends Changes {
  readonly records: readonly OnRecord[];
}

/**
 * Deletes a batch, account by account, as if it had never been dropped (HISTORY.md, Soft delete). Safe to repeat: an
 * interrupted deletion goes on with the accounts that are left. A batch that is not on record is only marked. Refuses
 * one that is still being staged.
 */
export async function deleteBatch(store: Store, id: number, way: Way = 'fast'): Promise<Deletion> {
  const { filename, batch_status: status } = await store.write(async (tx) => begin(tx, id), async (tx) => (await lockBatch(tx, id))?.batch_status === 'Deleted');
  await failpoint('delete-begun');
  const total = noChanges();
  const accounts = await accountsToRemove(store.reader, id);
  await forEachAccount(store, accounts, async (account) => {
    const changes = await store.write(async (tx) => removeFromAccount(tx, id, account.id, way), async (tx) => isRemoved(tx, id, account.id), [account.account_number]);
    await failpoint('account-removed');
    add(total, changes);
  });
  return { batch: id, filename, status, accounts: accounts.length, ...total, blamed: await blamedOn(store.reader, id) };
}

/** Ends the deletions that were interrupted. Returns their batches. */
export async function resumeDeletions(store: Store): Promise<number[]> {
  const batches = (await halfDeletedBatches(store.reader)).map(({ id }) => id);
  for (const batch of batches) await deleteBatch(store, batch);
  return batches;
}

async function begin(tx: Transaction, id: number): Promise<StageBatch> {
  await lockBatch(tx, id);
  const batch = await expectBatch(tx, id);
  if (batch.batch_status === 'In Progress') throw new IngestError('usage', `batch ${id} (${printable(batch.filename)}) is still being read; delete it when it has ended`);
  if (batch.batch_status === 'Deleted') return batch;
  const change = await nextChange(tx);
  await markDeleted(tx, id, change.at);
  if (isAdmitted(batch)) await deleteNamelessRows(tx, id, change);
  return batch;
}

async function removeFromAccount(tx: Transaction, batch: number, id: number, way: Way): Promise<Changes> {
  const account = await lockAccount(tx, id);
  const standing = await standingOf(tx, batch, account.id);
  if (standing === 'removed') return noChanges();
  const work = batchRemoved(await withPolicy(tx, account), batch, await namedDates(tx, account.id, batch));
  const changes = standing === 'waiting' ? noChanges() : await changeChains(tx, work, batch, way);
  const change = await nextChange(tx);
  await deleteRowsOf(tx, batch, account.account_number, work.dates.map(dateOf), change);
  await markRemoved(tx, batch, account.id, change);
  await touchAccount(tx, account.id, change);
  await failpoint('removal-commit');
  return changes;
}

async function changeChains(tx: Transaction, work: AccountChange, batch: number, way: Way): Promise<Changes> {
  const at = instant(tx.now());
  return way === 'fast' && canRemoveAppend(work) ? removeAppend(tx, work, batch, at) : deriveAccount(tx, work, at);
}

async function isRemoved(tx: Transaction, batch: number, account: number): Promise<boolean> {
  await lockAccount(tx, account);
  return await standingOf(tx, batch, account) === 'removed';
}

/** Soft-deletes every observation on record of a row's item and date: the item is void there. */
export async function deleteRecord(store: Store, id: number): Promise<RecordDeletion> {
  return store.write(async (tx) => voidRecord(tx, id), async (tx) => isVoid(tx, id));
}

/** Deletes the record that started a version, in the same way. Refuses a version that no record started. */
export async function deleteVersion(store: Store, id: number): Promise<RecordDeletion> {
  return deleteRecord(store, await recordOfVersion(store.reader, id));
}

async function voidRecord(tx: Transaction, id: number): Promise<RecordDeletion> {
  const account = await lockAccountOf(tx, id);
  const records = await repeatsOf(tx, id);
  const [first] = records;
  if (account === undefined || first === undefined) throw new IngestError('usage', `record ${id} is not on record: ${await whyNotOnRecord(tx, id)}`);
  const named = await namedDates(tx, account.id, null);
  const ids = records.map((record) => record.id);
  const work = rowsVoided(await withPolicy(tx, account), named, first.effective_date, ids);
  const { effects, written } = await deriveAccount(tx, work, instant(tx.now()));
  const change = await nextChange(tx);
  await deleteRows(tx, ids, change);
  await touchAccount(tx, account.id, change);
  await failpoint('void-commit');
  return { records, effects, written };
}

async function isVoid(tx: Transaction, id: number): Promise<boolean> {
  await lockAccountOf(tx, id);
  return Boolean((await findRow(tx, id))?.is_deleted);
}

/** The account that a row names, locked; undefined where there is none. */
async function lockAccountOf(tx: Transaction, row: number): Promise<Account | undefined> {
  const number = (await findRow(tx, row))?.client_account ?? undefined;
  const account = number === undefined ? undefined : await findAccount(tx, number);
  return account === undefined ? undefined : lockAccount(tx, account.id);
}

function add(total: Changes, { effects, written }: Changes): void {
  for (const name of Object.keys(effects) as (keyof typeof effects)[]) total.effects[name] += effects[name];
  for (const name of Object.keys(written) as (keyof typeof written)[]) total.written[name] += written[name];
}

