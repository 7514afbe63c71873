import { TRACKED } from '../template.js';
import type { Account } from './accounts.js';
import type { Transaction } from './database.js';
import type { Queryable } from './queryable.js';

/** What accounts have to lose: their items whose current version stands for something, and which of them a batch leaves out. */

const IS_CURRENT = `not m.is_deleted and m.to_date is null and (${TRACKED
  .filter(({ whenMissing }) => whenMissing !== undefined)
  .map(({ name, whenMissing }) => `m.${name} is null or m.${name} <> ${Number(whenMissing)}`).join(' or ')})`;

/** How many items an account has whose current version is not zero; one without an amount counts. */
export async function countCurrent(db: Queryable, account: number): Promise<number> {
  const [row] = await db.rows<{ items: number }>(`select count(*) as items from master_record m where m.client_account_id = ? and ${IS_CURRENT}`, [account]);
  return Number(row!.items);
}

/** What `itemsNotNamed` is asked for, in SQL. */
interface Naming {
  readonly account: string;
  readonly number: string;
  readonly date: string;
  readonly batch: string;
}

/** Its parameters, in their order. */
const PARAMETERS: Naming = { account: '?', number: '?', date: '?', batch: '?' };

/**
 * A query for the references of an account's current versions that no row of a batch names at a date. Both sides come in
 * the order of an index and are gone along once: a quarter of what it costs to look every version up among the rows.
 */
export function itemsNotNamed({ account, number, date, batch }: Naming = PARAMETERS): string {
  return `select c.external_reference from master_record c where c.client_account_id = ${account} and not c.is_deleted and c.to_date is null
    except select r.external_reference from stage_record r where r.client_account = ${number} and r.effective_date = ${date} and +r.batch_id = ${batch}`;
}

const OF_BATCH: Naming = { account: 'a.id', number: 'a.account_number', date: 'd.effective_date', batch: 'd.batch_id' };

/**
 * The accounts of an admitted batch that it gives new submissions, with how many current items it leaves out there.
 * No more of them can become zero; fewer may, where a later submission has the item.
 */
export async function itemsLeftOut(tx: Transaction, batch: number): Promise<(Account & { readonly left_out: number })[]> {
  return tx.rows(
    `select * from (
       select a.id, a.account_number, a.policy_id, sum((
         select count(*) from (${itemsNotNamed(OF_BATCH)}) as n
         join master_record m on m.client_account_id = a.id and m.external_reference = n.external_reference and ${IS_CURRENT})) as left_out
       from batch_date d join client_account a on a.id = d.client_account_id
       where d.batch_id = ? and d.accepted_count > 0
         and not exists (select 1 from batch_date o
           where o.client_account_id = d.client_account_id and o.effective_date = d.effective_date and o.accepted_count > 0
             and exists (select 1 from batch_account b where b.batch_id = o.batch_id and b.client_account_id = o.client_account_id
               and b.applied_seq is not null and b.removed_seq is null))
       group by a.id, a.account_number, a.policy_id) as given
     where left_out > 0 order by id`,
    [batch],
  );
}
