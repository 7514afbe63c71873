import { instant } from '../clock.js';
import { TEMPLATE, type ColumnKind, type Value } from '../template.js';
import type { Transaction } from './database.js';
import type { ColumnType, Dialect, JsonColumn } from './dialect.js';
import type { ProcessAction, ProcessStatus } from './entities/stage-record.js';
import type { Queryable } from './queryable.js';

/** The verbs of `stage_record`: the rows of the workbooks. */

const COLUMNS = TEMPLATE.map(({ name }) => name);

/** The order in which readers hand over a row's values; those of a sound row come first. */
const SOUND: readonly JsonColumn[] = [['row_number', 'integer'], ...TEMPLATE.map(({ name, kind }): JsonColumn => [name, jsonType(kind)])];
const STAGED: readonly JsonColumn[] = [...SOUND, ['error', 'text'], ['error_column', 'text'], ['raw_cells', 'text']];

const insertStaged = (dialect: Dialect, columns: readonly JsonColumn[], status: string): string => `insert into stage_record
    (batch_id, sheet, insert_date, process_action, process_status, ${columns.map(([name]) => name).join(', ')})
  select ?, ?, ?, 'N/A', ${status}, ${columns.map(([name]) => name).join(', ')}
  from ${dialect.rowsFromJson(columns)} as staged where true`;

/** Rows to be staged: the text of an array of arrays in the order of the template behind the row number; one that failed goes on with error, error column and raw cells. */
export interface StagedRows {
  readonly sheet: string;
  readonly json: string;
  /** How many of them could not be read. Where none is, what they would say is not looked for: a tenth of the cost. */
  readonly failed: number;
}

/** Stages rows of a batch. */
export async function stageRows(tx: Transaction, batch: number, { sheet, json, failed }: StagedRows): Promise<void> {
  const insert = failed === 0
    ? insertStaged(tx.dialect, SOUND, "'Unprocessed'")
    : insertStaged(tx.dialect, STAGED, "case when error is null then 'Unprocessed' else 'Failed' end");
  await tx.rows(insert, [batch, sheet, instant(tx.now()), json]);
}

/** Drops the staged rows of a batch that was never admitted: they were never on record. */
export async function dropRows(tx: Transaction, batch: number): Promise<void> {
  await tx.rows(
    "delete from stage_record where batch_id in (select id from stage_batch where id = ? and admitted_seq is null)", [batch]);
}

/** How many rows a batch has: told by an index alone. */
export async function countStaged(db: Queryable, batch: number): Promise<number> {
  const [row] = await db.rows<{ total: number }>('select count(*) as total from stage_record where batch_id = ?', [batch]);
  return Number(row!.total);
}

/** How many of the rows of a batch failed. */
export async function countFailed(db: Queryable, batch: number): Promise<number> {
  const [row] = await db.rows<{ failed: number }>("select count(*) as failed from stage_record where batch_id = ? and process_status = 'Failed'", [batch]);
  return Number(row!.failed);
}

/** How many rows a batch has, and how many of them failed. */
export async function countRows(db: Queryable, batch: number): Promise<{ total: number; failed: number }> {
  const [row] = await db.rows<{ total: number; failed: number }>(
    "select count(*) as total, count(*) filter (where process_status = 'Failed') as failed from stage_record where batch_id = ?", [batch]);
  return row!;
}

/** The rows of a batch that bear the same marks. */
export interface RowTally {
  readonly status: ProcessStatus;
  readonly action: ProcessAction;
  /** Soft-deleted, be it on its own or with the batch. */
  readonly isDeleted: boolean;
  /** Says why it failed. */
  readonly hasError: boolean;
  readonly rows: number;
}

/** Whether a row says why it failed: what its mark must agree with. */
export const HAS_ERROR = '(error is not null or raw_cells is not null)';

/** The marks of nearly every row. */
const USUAL: readonly Omit<RowTally, 'rows'>[] = [
  ...(['Unchanged', 'Append', 'Add'] as const).map((action) => ({ status: 'Processed' as const, action, isDeleted: false, hasError: false })),
  { status: 'Failed', action: 'N/A', isDeleted: false, hasError: true },
];

const USUAL_COUNTS = USUAL.map(({ status, action, isDeleted, hasError }) => `count(*) filter (where process_action = '${action}'
  and process_status = '${status}' and is_deleted = ${String(isDeleted)} and ${HAS_ERROR} = ${String(hasError)})`);

/** How many rows of each kind a batch has. Rows are sorted by their kinds, which costs more, only where some are unusual. */
export async function tallyRows(db: Queryable, batch: number): Promise<RowTally[]> {
  const [counts] = await db.rows<Record<string, number>>(
    `select count(*) as rows, ${USUAL_COUNTS.map((count, place) => `${count} as usual_${place}`).join(', ')} from stage_record where batch_id = ?`, [batch]);
  const usual = USUAL.map((kind, place) => ({ ...kind, rows: Number(counts![`usual_${place}`]) })).filter(({ rows }) => rows > 0);
  return usual.reduce((sum, { rows }) => sum + rows, 0) === Number(counts!['rows']) ? usual : sortRows(db, batch);
}

async function sortRows(db: Queryable, batch: number): Promise<RowTally[]> {
  const rows = await db.rows<{ status: ProcessStatus; action: ProcessAction; is_deleted: number | boolean; has_error: number | boolean; rows: number }>(
    `select process_status as status, process_action as action, is_deleted, ${HAS_ERROR} as has_error, count(*) as rows
     from stage_record where batch_id = ? group by process_status, process_action, is_deleted, ${HAS_ERROR}`, [batch]);
  return rows.map(({ status, action, is_deleted: isDeleted, has_error: hasError, rows: count }) =>
    ({ status, action, isDeleted: Boolean(isDeleted), hasError: Boolean(hasError), rows: Number(count) }));
}

/** Up to `limit` good rows of a batch, behind the id `after`, whose item and date other rows name as well. */
export async function contestedRows(db: Queryable, batch: number, after: number, limit: number): Promise<ContestedRow[]> {
  return db.rows<ContestedRow>(
    `select r.id, r.sheet, r.row_number, ${COLUMNS.map((name) => `r.${name}`).join(', ')} from stage_record r
     where r.batch_id = ? and r.process_status = 'Unprocessed' and r.id > ? and exists (
       select 1 from stage_record o where o.client_account = r.client_account and o.effective_date = r.effective_date
         and o.external_reference = r.external_reference and o.id <> r.id
         and not o.is_deleted and o.process_status <> 'Failed')
     order by r.id limit ?`,
    [batch, after, limit],
  );
}

/** A row with its values by the template's names. */
export interface ContestedRow {
  readonly id: number;
  readonly sheet: string | null;
  readonly row_number: number;
  readonly [column: string]: unknown;
}

/** An observation on record, with the file that brought it. */
export interface RecordedRow extends ContestedRow {
  readonly batch_id: number;
  readonly filename: string;
}

/** What is on record of the items and dates of rows, first-admitted first; rows of `batch` itself are left out. */
export async function recordedRows(db: Queryable, batch: number, ids: readonly number[]): Promise<RecordedRow[]> {
  return db.rows<RecordedRow>(
    `select o.id, o.batch_id, b.filename, o.sheet, o.row_number, ${COLUMNS.map((name) => `o.${name}`).join(', ')}
     from stage_record r
     join stage_record o on o.client_account = r.client_account and o.effective_date = r.effective_date
       and o.external_reference = r.external_reference
     join stage_batch b on b.id = o.batch_id
     where r.id in ${db.dialect.valuesFromJson('integer')} and o.batch_id <> ? and not o.is_deleted and o.process_status <> 'Failed'
       and b.batch_status in ('Ready', 'Complete')
     order by b.admitted_seq, o.id`,
    [JSON.stringify(ids), batch],
  );
}

/** A row that could be read and contradicts another. */
export interface Failure {
  readonly row: ContestedRow;
  readonly error: string;
  readonly column: string;
  /** The batch that it contradicts. */
  readonly against: number;
}

/** Fails rows that contradict others; their raw cells are their values. */
export async function failRows(tx: Transaction, failures: readonly Failure[]): Promise<void> {
  if (failures.length === 0) return;
  const table = tx.dialect.rowsFromJson([
    ['id', 'integer'], ['error', 'text'], ['error_column', 'text'], ['conflict_batch_id', 'integer'], ['raw_cells', 'text'],
  ]);
  await tx.rows(
    `update stage_record set process_status = 'Failed', error = f.error, error_column = f.error_column,
       conflict_batch_id = f.conflict_batch_id, raw_cells = f.raw_cells
     from ${table} as f where stage_record.id = f.id`,
    [JSON.stringify(failures.map(({ row, error, column, against }) => [row.id, error, column, against, rawCells(row)]))],
  );
}

/** Marks rows as processed, each with what it did. */
export async function markProcessed(tx: Transaction, action: ProcessAction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.rows(
    `update stage_record set process_status = 'Processed', process_action = ? where id in ${tx.dialect.valuesFromJson('integer')}`,
    [action, JSON.stringify(ids)],
  );
}

/** The rows of a batch for its answer, in pages: behind the id `after`, all or only the failed ones. */
export async function answerRows(
  db: Queryable, batch: number, onlyFailed: boolean, after: number, limit: number,
): Promise<(ContestedRow & { error: string | null; raw_cells: string | null })[]> {
  return db.rows(
    `select id, sheet, row_number, ${COLUMNS.join(', ')}, error, raw_cells from stage_record
     where batch_id = ? and id > ? ${onlyFailed ? "and process_status = 'Failed'" : ''} order by id limit ?`,
    [batch, after, limit],
  );
}

function rawCells(row: ContestedRow): string {
  return JSON.stringify(COLUMNS.map((name) => (row[name] === null ? null : String(row[name] as Value))));
}

function jsonType(kind: ColumnKind): ColumnType {
  if (kind === 'date') return 'date';
  return kind === 'amount' ? 'decimal' : 'text';
}
