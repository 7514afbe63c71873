import type { Version } from '../history/chain.js';
import { dateOf, dayOf, type Day } from '../history/day.js';
import { TRACKED, UNTRACKED, type Value } from '../template.js';
import type { StageBatch } from './entities/stage-batch.js';
import type { ProcessAction, ProcessStatus } from './entities/stage-record.js';
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

/** What the rows of a batch did in an account; failed rows whose account is not known have none. */
export interface AccountActions {
  readonly account: string | null;
  readonly action: ProcessAction;
  readonly status: ProcessStatus;
  readonly rows: number;
}

/** How many rows of a batch did what, by account; first those whose account is not known. */
export async function actionsByAccount(db: Queryable, batch: number): Promise<AccountActions[]> {
  return db.rows<AccountActions>(
    `select client_account as account, process_action as action, process_status as status, count(*) as rows from stage_record
     where batch_id = ? group by client_account, process_action, process_status
     order by client_account nulls first, process_action, process_status`, [batch]);
}

/** Which live versions of an account are asked for. */
export interface VersionsAsked {
  readonly account: number;
  readonly reference?: string | undefined;
  /** Only those that cover a day from `first` to `last`. */
  readonly between?: { readonly first: Day; readonly last: Day } | undefined;
}

/** A live version with the item that it belongs to. */
export interface LiveVersion extends Version {
  readonly reference: string;
}

/** Up to `limit` live versions by reference and start, from behind the version `after`. */
export async function liveVersions(db: Queryable, asked: VersionsAsked, after: LiveVersion | undefined, limit: number): Promise<LiveVersion[]> {
  const conditions: [sql: string, ...params: unknown[]][] = [['client_account_id = ? and not is_deleted', asked.account]];
  if (asked.reference !== undefined) conditions.push(['external_reference = ?', asked.reference]);
  if (asked.between !== undefined) {
    conditions.push(['from_date <= ? and (to_date is null or to_date > ?)', dateOf(asked.between.last), dateOf(asked.between.first)]);
  }
  if (after !== undefined) conditions.push(['(external_reference, from_date) > (?, ?)', after.reference, dateOf(after.from)]);
  const rows = await db.rows<Record<string, Value>>(
    `select * from master_record where ${conditions.map(([sql]) => sql).join(' and ')} order by external_reference, from_date limit ?`,
    [...conditions.flatMap(([, ...params]) => params), limit]);
  return rows.map((row) => ({
    reference: row['external_reference'] as string, batch: row['batch_id'] as number,
    from: dayOf(row['from_date'] as string), to: row['to_date'] === null ? null : dayOf(row['to_date'] as string),
    tracked: TRACKED.map(({ name }) => row[name] ?? null), untracked: UNTRACKED.map(({ name }) => row[name] ?? null),
    isPlaceholder: Boolean(row['is_placeholder']), isMissing: Boolean(row['is_missing']),
  }));
}

/** An item by its account and reference. */
export interface ItemName {
  readonly account: number;
  readonly account_number: string;
  readonly reference: string;
}

/**
 * The items whose live versions changed, by account and reference: of accounts that were changed behind the instant `after`
 * of a change, what was written since `begun`. That is of the writer's own clock, which may be behind the changes: others
 * have clocks of their own, and any may be set back.
 */
export async function itemsChangedSince(db: Queryable, after: string, begun: string): Promise<ItemName[]> {
  return db.rows<ItemName>(
    `select distinct a.id as account, a.account_number, m.external_reference as reference
     from client_account a join master_record m on m.client_account_id = a.id
     where a.last_updated > ? and not m.is_deleted and m.last_updated >= ? order by a.account_number, m.external_reference`,
    [after, begun]);
}

/** The accounts there are. */
export async function listAccounts(db: Queryable): Promise<string[]> {
  const rows = await db.rows<{ account_number: string }>('select account_number from client_account order by account_number');
  return rows.map(({ account_number }) => account_number);
}

/** Where a row stands. */
export interface Source {
  readonly id: number;
  readonly batch: number;
  readonly filename: string;
  readonly sheet: string | null;
  readonly row: number;
  readonly error: string | null;
}

/** Where rows stand, by their ids. */
export async function sourcesOf(db: Queryable, ids: readonly number[]): Promise<Map<number, Source>> {
  const rows = await db.rows<Source>(
    `select r.id, r.batch_id as batch, b.filename, r.sheet, r.row_number as "row", r.error
     from stage_record r join stage_batch b on b.id = r.batch_id where r.id in ${db.dialect.valuesFromJson('integer')}`, [JSON.stringify(ids)]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** The names of batches' files, by batch. */
export async function namesOfBatches(db: Queryable, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await db.rows<{ id: number; filename: string }>(
    `select id, filename from stage_batch where id in ${db.dialect.valuesFromJson('integer')}`, [JSON.stringify(ids)]);
  return new Map(rows.map(({ id, filename }) => [id, filename]));
}
