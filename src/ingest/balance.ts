import { IngestError } from '../errors.js';
import type { Named } from '../named.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { RowTally } from '../store/records.js';
import type { ReadSummary } from '../workbook/reader.js';

/**
 * The balance of a batch: what its totals say against the rows that lie in the database. The totals come from the
 * thread that read the file and from what applying did, so that a row lost on the way is noticed.
 */

/** A count on which a batch and its rows do not agree. */
export interface Imbalance {
  /** The column of `stage_batch`, or what there must be none of. */
  readonly count: string;
  readonly stated: number;
  readonly counted: number;
}

/** The columns that count rows by what they did. */
export const ACTION_COUNTS = {
  Add: 'add_count', Append: 'append_count', Unchanged: 'unchanged_count', Merge: 'merge_count', Replace: 'replace_count',
} as const;

/** Processed rows that do not say what they did. */
export const NO_ACTION = 'processed without an action';

/** The counts of a batch that its rows do not bear out; none where it balances. */
export function imbalancesOf(batch: StageBatch, tally: readonly RowTally[]): Imbalance[] {
  return [...totalsOf(batch, tally), ...actionsOf(batch, tally), ...marksOf(batch, tally)].filter(({ stated, counted }) => stated !== counted);
}

/** Refuses a batch whose totals and rows do not agree, naming the numbers. */
export function expectBalance(batch: StageBatch, tally: readonly RowTally[]): void {
  const imbalances = imbalancesOf(batch, tally);
  if (imbalances.length === 0) return;
  throw new IngestError('unbalanced', `batch ${batch.id} does not balance: ${imbalances.map(imbalanceText).join('; ')}. It is not Complete: `
    + `a row was lost. Delete it (scd-inbox delete --batch ${batch.id}) and drop the file again`);
}

/** Refuses a file of which other rows are staged than were read. */
export function expectStaged(read: Pick<ReadSummary, 'rows' | 'failed'>, staged: readonly Pick<Named, 'total' | 'failed'>[]): void {
  const [rows, failed] = [total(staged.map((each) => each.total)), total(staged.map((each) => each.failed))];
  if (rows === read.rows && failed === read.failed) return;
  throw new IngestError('unbalanced', `the rows do not balance: ${read.rows} were read (${read.failed} of them failed), `
    + `${rows} are staged (${failed} failed): a row was lost, which must not happen; nothing was loaded. Drop the file again`);
}

/** An imbalance in words. */
function imbalanceText({ count, stated, counted }: Imbalance): string {
  return `${count}: ${stated} by its totals, ${counted} by its rows`;
}

/** Whether a batch was put on record: its rows are observations, or were until it was deleted. */
export function isAdmitted(batch: StageBatch): boolean {
  const { batch_status: status, admitted_seq: seq } = batch;
  return status === 'Ready' || status === 'Complete' || (status === 'Deleted' && seq !== null);
}

/**
 * Whether rows of a batch on record are gone, or too many: its totals agree with each other, and not with its rows.
 * Where they do not even agree with each other, it is the totals that are wrong.
 */
export function isRowLost(batch: StageBatch, rows: number): boolean {
  return isAdmitted(batch) && batch.total_count !== rows && batch.success_count + batch.failure_count !== rows;
}

function totalsOf(batch: StageBatch, tally: readonly RowTally[]): Imbalance[] {
  const rows = sum(tally);
  const failed = sum(tally.filter(({ status }) => status === 'Failed'));
  const success = { count: 'success_count', stated: batch.success_count, counted: isAdmitted(batch) ? rows - failed : 0 };
  // A file that was refused while it was read keeps what was staged by then, and counts nothing.
  if (!isAdmitted(batch) && batch.total_count === 0 && batch.failure_count === 0) return [success];
  return [
    success,
    { count: 'total_count', stated: batch.total_count, counted: rows },
    { count: 'failure_count', stated: batch.failure_count, counted: failed },
  ];
}

function actionsOf(batch: StageBatch, tally: readonly RowTally[]): Imbalance[] {
  return Object.entries(ACTION_COUNTS).map(([action, count]) =>
    ({ count, stated: batch[count], counted: sum(tally.filter((kind) => kind.status === 'Processed' && kind.action === action)) }));
}

/** Marks that no row of the batch may bear. */
function marksOf(batch: StageBatch, tally: readonly RowTally[]): Imbalance[] {
  const none = (count: string, rows: readonly RowTally[]): Imbalance => ({ count, stated: 0, counted: sum(rows) });
  const processed = tally.filter(({ status }) => status === 'Processed');
  const marks = [
    none(NO_ACTION, processed.filter(({ action }) => action === 'N/A')),
    none('not processed, with an action', tally.filter(({ status, action }) => status !== 'Processed' && action !== 'N/A')),
    none('failed without an error', tally.filter(({ status, hasError }) => status === 'Failed' && !hasError)),
    none('not failed, with an error', tally.filter(({ status, hasError }) => status !== 'Failed' && hasError)),
  ];
  // A row that was deleted on its own before its account's turn came was never applied.
  if (batch.batch_status === 'Complete') marks.push(none('neither processed nor failed', tally.filter(({ status, isDeleted }) => status === 'Unprocessed' && !isDeleted)));
  if (!isAdmitted(batch)) marks.push(none('processed', processed));
  return marks;
}

function sum(tally: readonly RowTally[]): number {
  return total(tally.map(({ rows }) => rows));
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sumOf, each) => sumOf + each, 0);
}
