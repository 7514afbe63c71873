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
/** The rows whose items bear other untracked values, until those are written: nothing else finds them at the cost of a look at a row. */
const RENAMES = "process_status = 'Processed' and process_action = 'N/A'";
/** The version of an item that is open. */
export const CURRENT = 'not m.is_deleted and m.to_date is null';

/** Applies the rows that wait. `zeroesMissing`: the current versions of items that are not named there become zero. */
export async function appendRows(tx: Transaction, appended: Appended, zeroesMissing: boolean): Promise<AppendCounts> {
  const marked = await markRows(tx, appended);
  const append = await closeChanged(tx, appended);
  await rename(tx, appended);
  const inserted = await insertStarted(tx, appended);
  // Each row that was marked has its item, and most accounts have no others: a count tells, at a tenth of the cost of a look.
  const zeroed = zeroesMissing && await countItems(tx, appended) > marked ? await zeroMissing(tx, appended) : 0;
  return { add: inserted - append, append, unchanged: marked - inserted, zeroed };
}

/** Gives each row its action, but for the time being N/A where an unchanged item has other untracked values by now. */
async function markRows(tx: Transaction, { account, batch, date }: Appended): Promise<number> {
  return tx.changed(
    `update stage_record set process_status = 'Processed', process_action = coalesce((
       select case when ${sameIn(TRACKED)} then case when ${sameIn(UNTRACKED)} then 'Unchanged' else 'N/A' end else 'Append' end
       from master_record m where m.client_account_id = ? and m.external_reference = stage_record.external_reference and ${CURRENT}), 'Add')
     where ${WAITING}`,
    [account.id, account.account_number, date, batch],
  );
}

function sameIn(columns: readonly Column[]): string {
  return columns.map(({ name }) => `m.${name} is not distinct from stage_record.${name}`).join(' and ');
}

async function countItems(tx: Transaction, { account }: Appended): Promise<number> {
  const [row] = await tx.rows<{ items: number }>(`select count(*) as items from master_record m where m.client_account_id = ? and ${CURRENT}`, [account.id]);
  return Number(row!.items);
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
  const names = [...TRACKED, ...UNTRACKED].map((column) => (ZEROED.includes(column) ? literal(column) : `m.${column.name}`)).join(', ');
  // Only what was closed just now ends there: no earlier submission has this date. What changed has its next version already.
  return tx.changed(
    `insert into master_record (client_account_id, external_reference, ${VALUES}, from_date, last_updated, is_missing, batch_id)
     select m.client_account_id, m.external_reference, ${names}, m.to_date, ?, true, ?
     from master_record m where m.client_account_id = ? and m.to_date = ? and m.to_date is not null and not m.is_deleted
       and not exists (select 1 from master_record n where n.client_account_id = m.client_account_id
         and n.external_reference = m.external_reference and not n.is_deleted and n.to_date is null)`,
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
  const renamed = await tx.changed(
    `update master_record as m set ${UNTRACKED.map(({ name }) => `${name} = r.${name}`).join(', ')}, last_updated = ?
     from stage_record r
     where r.client_account = ? and r.effective_date = ? and +r.batch_id = ? and ${RENAMES}
       and m.client_account_id = ? and m.external_reference = r.external_reference and ${CURRENT}`,
    [at, account.account_number, date, batch, account.id],
  );
  if (renamed === 0) return;
  await tx.changed(`update stage_record set process_action = 'Unchanged' where ${ROWS} and ${RENAMES}`, [account.account_number, date, batch]);
}

async function insertStarted(tx: Transaction, { account, batch, date, at }: Appended): Promise<number> {
  return tx.changed(
    `insert into master_record (client_account_id, external_reference, ${VALUES}, from_date, last_updated, batch_id)
     select ?, external_reference, ${VALUES}, effective_date, ?, batch_id
     from stage_record where ${ROWS} and process_action in ('Add', 'Append')`,
    [account.id, at, account.account_number, date, batch],
  );
}
