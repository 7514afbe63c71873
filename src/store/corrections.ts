import type { Change } from './changes.js';
import type { Transaction } from './database.js';
import type { BatchStatus } from './entities/stage-batch.js';
import type { ProcessStatus } from './entities/stage-record.js';
import type { Queryable } from './queryable.js';

/** The verbs of `stage_record` that take rows off the record, and what others had said because of them. */

/** Flags the rows of a batch that name an account at dates. */
export async function deleteRowsOf(tx: Transaction, batch: number, account: string, dates: readonly string[], change: Change): Promise<void> {
  await tx.rows(
    `update stage_record set is_deleted = true, deleted_at = ? where client_account = ?
       and effective_date in ${tx.dialect.valuesFromJson('date')} and +batch_id = ? and not is_deleted`,
    [change.at, account, JSON.stringify(dates), batch],
  );
}

/** Flags the rows of a batch that no account can be told of: they failed, and their item or date is not known. */
export async function deleteNamelessRows(tx: Transaction, batch: number, change: Change): Promise<void> {
  await tx.rows(
    `update stage_record set is_deleted = true, deleted_at = ? where batch_id = ? and not is_deleted
       and (client_account is null or external_reference is null or effective_date is null)`,
    [change.at, batch],
  );
}

/** Flags rows by their ids. */
export async function deleteRows(tx: Transaction, ids: readonly number[], change: Change): Promise<void> {
  await tx.rows(`update stage_record set is_deleted = true, deleted_at = ? where id in ${tx.dialect.valuesFromJson('integer')}`, [change.at, JSON.stringify(ids)]);
}

/** An observation on record. */
export interface OnRecord {
  readonly id: number;
  readonly batch_id: number;
  readonly filename: string;
  readonly row_number: number;
  readonly client_account: string;
  readonly external_reference: string;
  readonly effective_date: string;
}

/** Every observation on record of the item and date of a row; empty where the row itself is none. */
export async function repeatsOf(db: Queryable, id: number): Promise<OnRecord[]> {
  const rows = await db.rows<OnRecord>(
    `select o.id, o.batch_id, b.filename, o.row_number, o.client_account, o.external_reference, o.effective_date
     from stage_record r join stage_record o on o.client_account = r.client_account and o.effective_date = r.effective_date
       and o.external_reference = r.external_reference
     join stage_batch b on b.id = o.batch_id
     where r.id = ? and o.process_status <> 'Failed' and not o.is_deleted and b.batch_status in ('Ready', 'Complete')
     order by b.admitted_seq, o.id`,
    [id],
  );
  return rows.some((row) => row.id === id) ? rows : [];
}

/** What other files' rows and outcomes say because of a batch. */
export interface Blamed {
  /** Rows of loaded files that failed against it: submitted again they are compared anew. */
  readonly rows: readonly { readonly batch_id: number; readonly filename: string; readonly row_number: number }[];
  /** Files that ended in Error, with how many of their rows failed against it: a retry reads them again. */
  readonly refused: readonly { readonly id: number; readonly filename: string; readonly rows: number }[];
  /** Files of the same bytes: dropped again they are loaded. */
  readonly duplicates: readonly { readonly id: number; readonly filename: string }[];
}

/** What was held against others because of a batch. */
export async function blamedOn(db: Queryable, batch: number): Promise<Blamed> {
  return {
    rows: await db.rows(
      `select r.batch_id, b.filename, r.row_number from stage_record r join stage_batch b on b.id = r.batch_id
       where r.conflict_batch_id = ? and r.batch_id <> ? and b.batch_status in ('Ready', 'Complete') order by r.id`,
      [batch, batch]),
    refused: await db.rows(
      `select b.id, b.filename, count(*) as rows from stage_record r join stage_batch b on b.id = r.batch_id
       where r.conflict_batch_id = ? and r.batch_id <> ? and b.batch_status = 'Error' group by b.id, b.filename order by b.id`,
      [batch, batch]),
    duplicates: await db.rows("select id, filename from stage_batch where duplicate_of = ? and batch_status = 'Duplicate' order by id", [batch]),
  };
}

/** A row, on record or not, with the state of its batch. */
interface AnyRow {
  readonly client_account: string | null;
  readonly process_status: ProcessStatus;
  readonly is_deleted: unknown;
  readonly batch_id: number;
  readonly batch_status: BatchStatus;
}

/** The row of an id, or undefined. */
export async function findRow(db: Queryable, id: number): Promise<AnyRow | undefined> {
  return (await db.rows<AnyRow>(
    'select r.client_account, r.process_status, r.is_deleted, r.batch_id, b.batch_status from stage_record r join stage_batch b on b.id = r.batch_id where r.id = ?', [id]))[0];
}

/** A version with its account, the batch that it names and the record that started it, if one did. */
export interface StartedVersion {
  readonly account_number: string;
  readonly external_reference: string;
  readonly from_date: string;
  readonly to_date: string | null;
  readonly is_deleted: unknown;
  readonly is_placeholder: unknown;
  readonly is_missing: unknown;
  readonly batch_id: number;
  readonly filename: string;
  readonly record: number | null;
}

/** The version of an id, or undefined. */
export async function findVersion(db: Queryable, id: number): Promise<StartedVersion | undefined> {
  return (await db.rows<StartedVersion>(
    `select a.account_number, m.external_reference, m.from_date, m.to_date, m.is_deleted, m.is_placeholder, m.is_missing, m.batch_id, b.filename,
       (select o.id from stage_record o join stage_batch ob on ob.id = o.batch_id
        where o.client_account = a.account_number and o.effective_date = m.from_date and o.external_reference = m.external_reference
          and o.process_status = 'Processed' and not o.is_deleted and ob.batch_status in ('Ready', 'Complete')
        order by ob.admitted_seq, o.id limit 1) as record
     from master_record m join client_account a on a.id = m.client_account_id join stage_batch b on b.id = m.batch_id where m.id = ?`,
    [id],
  ))[0];
}
