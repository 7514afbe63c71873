import { TRACKED, UNTRACKED, type Column } from '../template.js';
import type { Account } from './accounts.js';
import type { Transaction } from './database.js';
import { itemsNotNamed } from './losses.js';

/**
 * A plain append in SQL (history/append.ts): what becomes of an item at a submission behind all others follows from its
 * current version alone, so the database does it for all items of the account at once and no row travels.
 */

/** The rows of a batch at a date of an account; no other batch that counts names that date, no item is named twice. */
export interface Appended {
  readonly account: Account;
  readonly batch: number;
  readonly date: string;
  /** The instant of the change. */
  readonly at: string;
}

/** How many rows of each action were applied, and how many versions were zeroed. */
export interface AppendCounts {
  readonly add: number;
  readonly append: number;
  readonly unchanged: number;
  readonly zeroed: number;
}

const VALUES = [...TRACKED, ...UNTRACKED].map(({ name }) => name).join(', ');
/** The rows of the append. The plus keeps SQLite from looking through the whole batch instead of along the index of items. */
const ROWS = 'client_account = ? and effective_date = ? and +batch_id = ?';
const WAITING = `${ROWS} and process_status = 'Unprocessed' and not is_deleted`;
const CURRENT = 'not m.is_deleted and m.to_date is null';

/** Applies the rows that wait. `zeroesMissing`: the current versions of items that are not named there become zero. */
export async function appendRows(tx: Transaction, appended: Appended, zeroesMissing: boolean): Promise<AppendCounts> {
  const marked = await markRows(tx, appended);
  const zeroed = zeroesMissing ? await zeroMissing(tx, appended) : 0;
  const append = await closeChanged(tx, appended);
  await rename(tx, appended);
  const inserted = await insertStarted(tx, appended);
  return { add: inserted - append, append, unchanged: marked - inserted, zeroed };
}

async function markRows(tx: Transaction, { account, batch, date }: Appended): Promise<number> {
  return tx.changed(
    `update stage_record set process_status = 'Processed', process_action = coalesce((
       select case when ${TRACKED.map(({ name }) => `m.${name} is not distinct from stage_record.${name}`).join(' and ')}
         then 'Unchanged' else 'Append' end
       from master_record m where m.client_account_id = ? and m.external_reference = stage_record.external_reference and ${CURRENT}), 'Add')
     where ${WAITING}`,
    [account.id, account.account_number, date, batch],
  );
}

/** An item that is named in any way is not missing: its row failed or was deleted, and it stays as it was. */
async function zeroMissing(tx: Transaction, { account, batch, date, at }: Appended): Promise<number> {
  const closed = await tx.changed(
    `update master_record as m set to_date = ?, last_updated = ?
     where m.client_account_id = ? and ${CURRENT} and (${ZEROED.map((column) => `m.${column.name} is distinct from ${literal(column)}`).join(' or ')})
       and m.external_reference in (${itemsNotNamed()})`,
    [date, at, account.id, account.id, account.account_number, date, batch],
  );
  if (closed === 0) return 0;
  const names = [...TRACKED, ...UNTRACKED].map((column) => (ZEROED.includes(column) ? literal(column) : column.name)).join(', ');
  // Only the versions that were closed just now end there: no earlier submission has this date.
  return tx.changed(
    `insert into master_record (client_account_id, external_reference, ${VALUES}, from_date, last_updated, is_missing, batch_id)
     select client_account_id, external_reference, ${names}, to_date, ?, true, ?
     from master_record where client_account_id = ? and to_date = ? and to_date is not null and not is_deleted`,
    [at, batch, account.id, date],
  );
}

const ZEROED = TRACKED.filter(({ whenMissing }) => whenMissing !== undefined);

function literal({ whenMissing }: Column): string {
  return typeof whenMissing === 'string' ? `'${whenMissing.replaceAll("'", "''")}'` : String(whenMissing);
}

async function closeChanged(tx: Transaction, { account, batch, date, at }: Appended): Promise<number> {
  return tx.changed(
    `update master_record as m set to_date = ?, last_updated = ?
     where m.client_account_id = ? and ${CURRENT} and m.external_reference in (
       select external_reference from stage_record where ${ROWS} and process_action = 'Append')`,
    [date, at, account.id, account.account_number, date, batch],
  );
}

/** A version carries the untracked values of the latest observation in it. */
async function rename(tx: Transaction, { account, batch, date, at }: Appended): Promise<void> {
  await tx.changed(
    `update master_record as m set ${UNTRACKED.map(({ name }) => `${name} = r.${name}`).join(', ')}, last_updated = ?
     from stage_record r
     where r.client_account = ? and r.effective_date = ? and +r.batch_id = ? and r.process_action = 'Unchanged' and not r.is_deleted
       and m.client_account_id = ? and m.external_reference = r.external_reference and ${CURRENT}
       and (${UNTRACKED.map(({ name }) => `m.${name} is distinct from r.${name}`).join(' or ')})`,
    [at, account.account_number, date, batch, account.id],
  );
}

async function insertStarted(tx: Transaction, { account, batch, date, at }: Appended): Promise<number> {
  return tx.changed(
    `insert into master_record (client_account_id, external_reference, ${VALUES}, from_date, last_updated, batch_id)
     select ?, external_reference, ${VALUES}, effective_date, ?, batch_id
     from stage_record where ${ROWS} and process_action in ('Add', 'Append')`,
    [account.id, at, account.account_number, date, batch],
  );
}
