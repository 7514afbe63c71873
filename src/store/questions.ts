import { TRACKED, UNTRACKED, type Value } from '../template.js';
import type { StageBatch } from './entities/stage-batch.js';
import type { Queryable } from './queryable.js';

/** What people ask of the database; nothing here changes it. */

/** The latest batches, newest first. */
export async function listBatches(db: Queryable, limit: number): Promise<StageBatch[]> {
  return db.rows<StageBatch>('select * from stage_batch order by id desc limit ?', [limit]);
}

/** A row that failed. */
export interface FailedRow {
  readonly id: number;
  readonly sheet: string | null;
  readonly row_number: number;
  readonly error_column: string | null;
  readonly error: string;
}

/** The failed rows of a batch. */
export async function failedRows(db: Queryable, batch: number): Promise<FailedRow[]> {
  return db.rows<FailedRow>(
    `select id, sheet, row_number, error_column, error from stage_record
     where batch_id = ? and process_status = 'Failed' order by id`, [batch]);
}

/** A live version with what it belongs to. */
export interface LiveVersion {
  readonly id: number;
  readonly account: string;
  readonly reference: string;
  readonly from: string;
  readonly to: string | null;
  readonly tracked: readonly Value[];
  readonly untracked: readonly Value[];
  readonly isPlaceholder: boolean;
  readonly isMissing: boolean;
  readonly batch: number;
}

/** The live chains of an account, or of one of its items, by reference and start. */
export async function liveChains(db: Queryable, account: string, reference?: string): Promise<LiveVersion[]> {
  const rows = await db.rows<Record<string, Value>>(
    `select m.*, a.account_number from master_record m join client_account a on a.id = m.client_account_id
     where a.account_number = ? and not m.is_deleted ${reference === undefined ? '' : 'and m.external_reference = ?'}
     order by m.external_reference, m.from_date`,
    reference === undefined ? [account] : [account, reference],
  );
  return rows.map((row) => ({
    id: row['id'] as number, account: row['account_number'] as string, reference: row['external_reference'] as string,
    from: row['from_date'] as string, to: row['to_date'] as string | null, batch: row['batch_id'] as number,
    tracked: TRACKED.map(({ name }) => row[name] ?? null), untracked: UNTRACKED.map(({ name }) => row[name] ?? null),
    isPlaceholder: Boolean(row['is_placeholder']), isMissing: Boolean(row['is_missing']),
  }));
}

/** The accounts there are. */
export async function listAccounts(db: Queryable): Promise<string[]> {
  const rows = await db.rows<{ account_number: string }>('select account_number from client_account order by account_number');
  return rows.map(({ account_number }) => account_number);
}
