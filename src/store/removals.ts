import { UNTRACKED } from '../template.js';
import type { Appended } from './appends.js';
import type { Transaction } from './database.js';

/**
 * A plain append taken back in SQL (history/append.ts): what it began goes, what it ended goes on, and what ran on bears
 * the untracked values of the observation before.
 */

/** How many versions were taken away, and how many go on as they were before. */
export interface RemovalCounts {
  readonly removed: number;
  readonly updated: number;
}

const CURRENT = 'not m.is_deleted and m.to_date is null';
const IS_OBSERVED = "process_status = 'Processed' and not is_deleted";

/** Takes the rows of a batch back from the chains; `earlier` are the account's submissions before theirs, ascending. */
export async function removeAppended(tx: Transaction, appended: Appended, earlier: readonly string[]): Promise<RemovalCounts> {
  const removed = await removeBegun(tx, appended);
  const reopened = await reopenEnded(tx, appended);
  const last = earlier[earlier.length - 1];
  if (last === undefined) return { removed, updated: reopened };
  const renamed = await renameAsObservedAt(tx, appended, last) + await renameAsObservedBefore(tx, appended, last, earlier);
  return { removed, updated: reopened + renamed };
}

async function removeBegun(tx: Transaction, { account, date, at }: Appended): Promise<number> {
  return tx.changed(
    `update master_record as m set is_deleted = true, last_updated = ? where m.client_account_id = ? and m.from_date = ? and ${CURRENT}`,
    [at, account.id, date]);
}

async function reopenEnded(tx: Transaction, { account, date, at }: Appended): Promise<number> {
  return tx.changed(
    `update master_record set to_date = null, last_updated = ?
     where client_account_id = ? and to_date = ? and to_date is not null and not is_deleted`,
    [at, account.id, date]);
}

const ASSIGNED = UNTRACKED.map(({ name }) => `${name} = o.${name}`).join(', ');
const DIFFERS = `(${UNTRACKED.map(({ name }) => `m.${name} is distinct from o.${name}`).join(' or ')})`;

/** Nearly every item was observed at the last submission before. */
async function renameAsObservedAt(tx: Transaction, { account, at }: Appended, last: string): Promise<number> {
  return tx.changed(
    `update master_record as m set ${ASSIGNED}, last_updated = ?
     from stage_record o
     where o.client_account = ? and o.effective_date = ? and o.process_status = 'Processed' and not o.is_deleted
       and m.client_account_id = ? and m.external_reference = o.external_reference and ${CURRENT} and ${DIFFERS}`,
    [at, account.account_number, last, account.id]);
}

/** The others bear what was observed of them further back. */
async function renameAsObservedBefore(tx: Transaction, { account, batch, date, at }: Appended, last: string, earlier: readonly string[]): Promise<number> {
  return tx.changed(
    `update master_record as m set ${ASSIGNED}, last_updated = ?
     from stage_record o
     where m.client_account_id = ? and ${CURRENT} and m.external_reference in (
         select external_reference from stage_record where client_account = ? and effective_date = ? and +batch_id = ? and ${IS_OBSERVED}
         except select external_reference from stage_record where client_account = ? and effective_date = ? and ${IS_OBSERVED})
       and o.client_account = ? and o.external_reference = m.external_reference and o.process_status = 'Processed' and not o.is_deleted
       and o.effective_date = (
         select max(e.effective_date) from stage_record e
         where e.client_account = ? and e.effective_date in ${tx.dialect.valuesFromJson('date')} and e.external_reference = m.external_reference
           and e.process_status = 'Processed' and not e.is_deleted)
       and ${DIFFERS}`,
    [at, account.id, account.account_number, date, batch, account.account_number, last, account.account_number, account.account_number, JSON.stringify(earlier)]);
}
