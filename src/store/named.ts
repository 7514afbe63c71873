import type { Named } from '../named.js';
import type { JsonColumn } from './dialect.js';
import type { Queryable } from './queryable.js';

/**
 * What the rows of a staged batch name: accounts and dates. Counted in one go, for a large file is looked through no
 * oftener than must be: how many rows are there, which accounts are theirs, and how many are accepted at which date.
 */

/** Rows that name an item, its account and a date. */
export type NamedWhole = Named & { readonly account: string; readonly date: string };

/** What the rows of a staged batch name, in their order. */
export async function namedBy(db: Queryable, batch: number): Promise<Named[]> {
  const rows = await db.rows<Named>(
    `select client_account as account, effective_date as date, count(*) as total, count(*) filter (where process_status = 'Failed') as failed,
       count(external_reference) as items
     from stage_record where batch_id = ? group by client_account, effective_date order by min(id)`, [batch]);
  return rows.map((row) => ({ ...row, total: Number(row.total), failed: Number(row.failed), items: Number(row.items) }));
}

/** Those that name items of an account at a date. */
export function namedWhole(named: readonly Named[]): NamedWhole[] {
  return named.filter((rows): rows is NamedWhole => rows.account !== null && rows.date !== null && rows.items > 0);
}

/** The accounts that they name. */
export function accountsOf(named: readonly Named[]): string[] {
  return [...new Set(namedWhole(named).map(({ account }) => account))];
}

const DATES: readonly JsonColumn[] = [['account', 'text'], ['date', 'date']];

/**
 * Whether rows of a batch may name an item and date that other rows name as well. It may not where no other batch was
 * admitted with the date and every item is there once: that is told by the index alone, and so it is of nearly every file.
 */
export async function mayBeContested(db: Queryable, batch: number, named: readonly Named[]): Promise<boolean> {
  const found = await db.rows(
    `select 1 from ${db.dialect.rowsFromJson(DATES)} as n
     where exists (select 1 from client_account a join batch_date d on d.client_account_id = a.id
         where a.account_number = n.account and d.effective_date = n.date and d.batch_id <> ?)
       or exists (select 1 from stage_record r where r.client_account = n.account and r.effective_date = n.date
         group by r.external_reference having count(*) > 1)
     limit 1`,
    [JSON.stringify(namedWhole(named).map(({ account, date }) => [account, date])), batch]);
  return found.length > 0;
}
