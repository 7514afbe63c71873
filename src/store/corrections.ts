import type { Change } from './changes.js';
import type { Transaction } from './database.js';
import { VALUES_FROM_JSON } from './dialect.js';
import type { Queryable } from './queryable.js';

/** The verbs of `stage_record` that take rows off the record, and what others had said because of them. */

/** Flags the rows of a batch that name an account. */
export async function deleteRowsOf(tx: Transaction, batch: number, account: string, change: Change): Promise<void> {
  await tx.rows(
    'update stage_record set is_deleted = true, deleted_at = ? where batch_id = ? and client_account = ? and not is_deleted',
    [change.at, batch, account],
  );
}

/** Flags rows by their ids. */
export async function deleteRows(tx: Transaction, ids: readonly number[], change: Change): Promise<void> {
  await tx.rows(`update stage_record set is_deleted = true, deleted_at = ? where id in ${VALUES_FROM_JSON}`, [change.at, JSON.stringify(ids)]);
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

/** What other files' rows and outcomes say because of a batch; retrying or dropping those files again loads them. */
export interface Blamed {
  readonly rows: readonly { batch_id: number; filename: string; row_number: number }[];
  readonly duplicates: readonly { id: number; filename: string }[];
}

/** Rows that failed against a batch, and the Duplicates that name it. */
export async function blamedOn(db: Queryable, batch: number): Promise<Blamed> {
  return {
    rows: await db.rows(
      `select r.batch_id, b.filename, r.row_number from stage_record r join stage_batch b on b.id = r.batch_id
       where r.conflict_batch_id = ? and r.batch_id <> ? and b.batch_status <> 'Deleted' order by r.id`,
      [batch, batch]),
    duplicates: await db.rows("select id, filename from stage_batch where duplicate_of = ? and batch_status = 'Duplicate' order by id", [batch]),
  };
}
