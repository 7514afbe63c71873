import type { Transaction } from './database.js';
import type { StageBatch } from './entities/stage-batch.js';
import type { ProcessAction, ProcessStatus } from './entities/stage-record.js';
import type { Queryable } from './queryable.js';
import { HAS_ERROR } from './records.js';

/** What `check` asks of the tables, and what its repair writes. */

/** Up to `limit` batches behind the id `after`, in order; with an account, those that name it. */
export async function batchesBehind(db: Queryable, after: number, account: number | undefined, limit: number): Promise<StageBatch[]> {
  const ofAccount = account === undefined ? '' : 'and id in (select batch_id from batch_account where client_account_id = ?)';
  return db.rows<StageBatch>(
    `select * from stage_batch where id > ? and batch_status <> 'In Progress' ${ofAccount} order by id limit ?`,
    [after, ...(account === undefined ? [] : [account]), limit]);
}

/** A row with the marks that it bears. */
export interface MarkedRow {
  readonly id: number;
  readonly row_number: number;
  readonly client_account: string | null;
  readonly external_reference: string | null;
  readonly status: ProcessStatus;
  readonly action: ProcessAction;
}

const MARKED = 'r.id, r.row_number, r.client_account, r.external_reference, r.process_status as status, r.process_action as action';

/** The rows by their ids. */
export async function markedRows(db: Queryable, ids: readonly number[]): Promise<MarkedRow[]> {
  return db.rows<MarkedRow>(`select ${MARKED} from stage_record r where r.id in ${db.dialect.valuesFromJson('integer')} order by r.id`, [JSON.stringify(ids)]);
}

/**
 * The rows of a batch whose status is not the one that follows: Failed where an error says so, Processed where the
 * batch was applied to the account before the row was deleted, else Unprocessed; only a processed row has an action.
 */
export async function wrongStatuses(db: Queryable, batch: number): Promise<(MarkedRow & { due: ProcessStatus })[]> {
  return db.rows(
    `select * from (
       select ${MARKED}, case when ${HAS_ERROR} then 'Failed'
           when b.admitted_seq is not null and b.batch_status in ('Ready', 'Complete', 'Deleted') and n.applied_at is not null
             and (r.deleted_at is null or r.deleted_at > n.applied_at) then 'Processed'
           else 'Unprocessed' end as due
       from (select * from stage_record where batch_id = ?) as r
       join (select id, admitted_seq, batch_status from stage_batch) as b on b.id = r.batch_id
       left join client_account a on a.account_number = r.client_account
       left join batch_account n on n.batch_id = r.batch_id and n.client_account_id = a.id) as judged
     where status <> due or (due <> 'Processed' and action <> 'N/A') order by id`,
    [batch]);
}

/** Writes marks: (id, status, action). */
export async function writeMarks(tx: Transaction, marks: readonly (readonly [number, ProcessStatus, ProcessAction])[]): Promise<void> {
  if (marks.length === 0) return;
  await tx.rows(
    `update stage_record set process_status = v.status, process_action = v.action
     from ${tx.dialect.rowsFromJson([['id', 'integer'], ['status', 'text'], ['action', 'text']])} as v where stage_record.id = v.id`,
    [JSON.stringify(marks)]);
}

/** Writes counts of a batch, by the names of their columns. */
export async function writeTotals(tx: Transaction, batch: number, totals: readonly (readonly [column: string, count: number])[]): Promise<void> {
  if (totals.length === 0) return;
  await tx.rows(`update stage_batch set ${totals.map(([column]) => `${column} = ?`).join(', ')} where id = ?`, [...totals.map(([, count]) => count), batch]);
}

/** An account and date that a batch names, where what is written down of it is not what its rows say. */
export interface WrongDate {
  readonly account: string;
  readonly effective_date: string;
  /** Accepted rows, as written down at admission; null where the date is not written down. */
  readonly stated: number | null;
  readonly counted: number;
}

/** The dates of a batch on record that are not what its rows say. */
export async function wrongDates(db: Queryable, batch: number): Promise<WrongDate[]> {
  const dates = await db.rows<WrongDate>(
    `select account, effective_date, max(stated) as stated, sum(counted) as counted from (
       select a.account_number as account, d.effective_date, d.accepted_count as stated, 0 as counted
       from batch_date d join client_account a on a.id = d.client_account_id where d.batch_id = ?
       union all
       select client_account, effective_date, null, case when process_status = 'Failed' then 0 else 1 end from stage_record
       where batch_id = ? and client_account is not null and effective_date is not null and external_reference is not null) as sides
     group by account, effective_date having max(stated) is null or max(stated) <> sum(counted) order by account, effective_date`,
    [batch, batch]);
  return dates.map((date) => ({ ...date, counted: Number(date.counted) }));
}

/** Writes down what the rows of a batch say of a date. */
export async function writeDate(tx: Transaction, batch: number, { account, effective_date: date, counted }: WrongDate): Promise<void> {
  await tx.rows(
    `insert into batch_date (client_account_id, effective_date, batch_id, accepted_count)
     select id, ?, ?, ? from client_account where account_number = ?
     on conflict (client_account_id, effective_date, batch_id) do update set accepted_count = excluded.accepted_count`,
    [date, batch, counted, account]);
}

/** The accounts that a batch was applied to, with the instant, by id. */
export async function applicationsOf(db: Queryable, batch: number): Promise<{ id: number; account_number: string; policy_id: number | null; applied_at: string }[]> {
  return db.rows(
    `select a.id, a.account_number, a.policy_id, n.applied_at from batch_account n join client_account a on a.id = n.client_account_id
     where n.batch_id = ? and n.applied_at is not null order by a.id`, [batch]);
}

/** The batches on record of an account. */
export async function batchesOnRecord(db: Queryable, account: number): Promise<StageBatch[]> {
  return db.rows<StageBatch>(
    `select b.* from stage_batch b join batch_account n on n.batch_id = b.id
     where n.client_account_id = ? and n.applied_seq is not null and n.removed_seq is null order by b.id`, [account]);
}

/** A Complete batch that nothing says of that it counts for an account which it names. */
interface NotApplied {
  readonly batch: number;
  readonly filename: string;
  readonly account: string;
}

/** What is not applied of a Complete batch, or to an account: in a sound database nothing. */
export async function notApplied(db: Queryable, of: { readonly batch: number } | { readonly account: number }): Promise<NotApplied[]> {
  const [column, id] = 'batch' in of ? ['batch_id', of.batch] : ['client_account_id', of.account];
  return db.rows<NotApplied>(
    `select b.id as batch, b.filename, a.account_number as account
     from (select distinct batch_id, client_account_id from batch_date where ${column} = ?) as d
     join stage_batch b on b.id = d.batch_id join client_account a on a.id = d.client_account_id
     left join batch_account n on n.batch_id = d.batch_id and n.client_account_id = d.client_account_id
     where b.batch_status = 'Complete' and n.applied_seq is null order by b.id, a.id`, [id]);
}
