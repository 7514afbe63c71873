import { UNTRACKED } from '../template.js';
import { CURRENT, type Appended } from './appends.js';
import type { Transaction } from './database.js';

/**
 * A plain append removed again in SQL (history/append.ts): what it began goes, what it ended goes on, and what ran on bears
 * the untracked values of the observation before.
 */

/** How many versions were removed, and how many go on as they were before. */
export interface RemovalCounts {
  readonly removed: number;
  readonly updated: number;
}

/** What stands of an account once a batch is removed: its submissions, ascending, and the batches that count for it. */
export interface Remaining {
  readonly dates: readonly string[];
  readonly batches: readonly number[];
}

/** Removes the rows of a batch from the chains. */
export async function removeRows(tx: Transaction, appended: Appended, remaining: Remaining): Promise<RemovalCounts> {
  const removed = await removeBegun(tx, appended);
  const reopened = await reopenEnded(tx, appended);
  const last = remaining.dates[remaining.dates.length - 1];
  if (last === undefined) return { removed, updated: reopened };
  const renamed = await renameAsObservedAt(tx, appended, last, remaining) + await renameAsObservedBefore(tx, appended, last, remaining);
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

/** The rows `r` that are observations: what is deleted but half counts no more, though not all of its rows are flagged yet. */
function isObserved(r: string, { dialect }: Transaction): string {
  return `${r}.process_status = 'Processed' and not ${r}.is_deleted and +${r}.batch_id in ${dialect.valuesFromJson('integer')}`;
}

/** Nearly every item was observed at the last submission before. */
async function renameAsObservedAt(tx: Transaction, { account, at }: Appended, last: string, { batches }: Remaining): Promise<number> {
  return tx.changed(
    `update master_record as m set ${ASSIGNED}, last_updated = ?
     from stage_record o
     where o.client_account = ? and o.effective_date = ? and ${isObserved('o', tx)}
       and m.client_account_id = ? and m.external_reference = o.external_reference and ${CURRENT} and ${DIFFERS}`,
    [at, account.account_number, last, JSON.stringify(batches), account.id]);
}

/** The others bear what was observed of them further back. */
async function renameAsObservedBefore(
  tx: Transaction, { account, batch, date, at }: Appended, last: string, remaining: Remaining,
): Promise<number> {
  const [number, batches, dates] = [account.account_number, JSON.stringify(remaining.batches), JSON.stringify(remaining.dates)];
  return tx.changed(
    `update master_record as m set ${ASSIGNED}, last_updated = ?
     from stage_record o
     where m.client_account_id = ? and ${CURRENT} and m.external_reference in (
         select r.external_reference from stage_record r where r.client_account = ? and r.effective_date = ? and +r.batch_id = ?
           and r.process_status = 'Processed' and not r.is_deleted
         except select r.external_reference from stage_record r where r.client_account = ? and r.effective_date = ? and ${isObserved('r', tx)})
       and o.id = (
         select e.id from stage_record e
         where e.client_account = ? and e.effective_date in ${tx.dialect.valuesFromJson('date')} and e.external_reference = m.external_reference
           and ${isObserved('e', tx)} order by e.effective_date desc, e.id limit 1)
       and ${DIFFERS}`,
    [at, account.id, number, date, batch, number, last, batches, number, dates, batches]);
}
