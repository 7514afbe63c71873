import type { Settings } from '../config/settings.js';
import { printable } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { exceeds, fractionOf, percent } from '../history/fraction.js';
import type { Named } from '../named.js';
import { lockAccounts, recordDates } from '../store/accounts.js';
import { findBatch, markHeld, markReady, type Admission } from '../store/batches.js';
import { nextChange } from '../store/changes.js';
import type { Transaction } from '../store/database.js';
import { accountsOf, mayBeContested, namedBy } from '../store/named.js';
import { contestedRows, countFailed, countStaged, failRows, recordedRows, type ContestedRow, type Failure, type RecordedRow } from '../store/records.js';
import { keptIfDefined } from '../store/rehearsal.js';
import { TEMPLATE, type Value } from '../template.js';
import { expectStaged } from './balance.js';
import { holdOf, lossesOf, type Loss } from './guard.js';
import { refuseBatch } from './refuse.js';
import type { Staged } from './stage.js';

/** Whether a staged batch is put on record, and which of its rows (HISTORY.md, Admit). */

const PAGE_ROWS = 5_000;
const VALUE_COLUMNS = TEMPLATE.filter(({ role }) => role === 'tracked' || role === 'untracked');
const KEY_COLUMNS = TEMPLATE.filter(({ role }) => role === 'account' || role === 'reference' || role === 'effectiveDate');

/** What was read of the file, by the count of its reader; what its rows name, where that is still known. */
export type ReadCounts = Pick<Staged, 'sheet' | 'rows' | 'failed'> & Partial<Pick<Staged, 'named'>>;

/**
 * Decides on a staged batch in the transaction given: Ready, Error with the reason, or Held where the guard asks for
 * somebody's approval. Of a Held batch nothing is decided: approved, it is admitted anew, whatever the guard says.
 * Its totals are those of the reader, not of the rows that lie in the database: the two are held against each other
 * here and at the end. Throws `unbalanced` where a row got lost in between.
 */
export async function admitBatch(
  tx: Transaction, batch: number, read: ReadCounts, settings: Pick<Settings, 'maxFailureRatio' | 'maxMissingRatio'>,
): Promise<'Ready' | 'Held' | 'Error'> {
  const staged = await namedIn(tx, batch, read);
  const added = await lockAccounts(tx, accountsOf(staged));
  let losses: readonly Loss[] = [];
  const verdict = await keptIfDefined(tx, async () => {
    const judged = await judge(tx, batch, read, settings, staged, added);
    if (judged === 'Ready') losses = await lossesOf(tx, batch, settings);
    return losses.length === 0 || (await findBatch(tx, batch))!.approved_at !== null ? judged : undefined;
  });
  if (verdict === undefined) await markHeld(tx, batch, holdOf(batch, losses, settings.maxMissingRatio), read);
  return verdict ?? 'Held';
}

/** What was read is what lies there where as many rows do, and as many that failed; otherwise what does is asked. */
async function namedIn(tx: Transaction, batch: number, { rows, failed, named }: ReadCounts): Promise<readonly Named[]> {
  const isThere = named !== undefined && await countStaged(tx, batch) === rows && (failed === 0 || await countFailed(tx, batch) === failed);
  return isThere ? named : namedBy(tx, batch);
}

async function judge(
  tx: Transaction, batch: number, read: ReadCounts, settings: Pick<Settings, 'maxFailureRatio'>, staged: readonly Named[], added: readonly string[],
): Promise<'Ready' | 'Error'> {
  expectStaged(read, staged);
  const { contradicted, repeated } = await mayBeContested(tx, batch, staged) ? await judgeContested(tx, batch) : UNCONTESTED;
  const failure = read.failed + contradicted;
  const found: Admission = { sheet: read.sheet, total: read.rows, success: read.rows - failure, failure, repeated };
  const refusal = refusalOf(found, settings.maxFailureRatio);
  if (refusal !== undefined) {
    await refuseBatch(tx, batch, refusal, found);
    return 'Error';
  }
  await recordDates(tx, batch, contradicted === 0 ? staged : await namedBy(tx, batch), added);
  await markReady(tx, batch, (await nextChange(tx)).seq, found);
  await failpoint('admit-commit');
  return 'Ready';
}

function refusalOf({ total, failure }: Admission, maxFailureRatio: number): string | undefined {
  if (total === 0) return 'no rows: the sheet has headings but nothing below them; nothing was loaded';
  if (failure === total) return `no good row: ${total === 1 ? 'the only row' : `all ${total} rows`} failed; nothing was loaded`;
  if (!exceeds(failure, total, fractionOf(maxFailureRatio))) return undefined;
  return `too many failed rows: ${failure} of ${total}, more than ${percent(fractionOf(maxFailureRatio))} allowed; nothing was loaded`;
}

const UNCONTESTED = { contradicted: 0, repeated: 0 };

/** Fails the rows that contradict what stands, and counts those that repeat it. */
async function judgeContested(tx: Transaction, batch: number): Promise<{ contradicted: number; repeated: number }> {
  const standing = new Map<string, ContestedRow>();
  let contradicted = 0;
  let repeated = 0;
  let after = 0;
  for (;;) {
    const page = await contestedRows(tx, batch, after, PAGE_ROWS);
    if (page.length === 0) return { contradicted, repeated };
    after = page[page.length - 1]!.id;
    const recorded = firstByKey(await recordedRows(tx, batch, page.map(({ id }) => id)));
    const failures: Failure[] = [];
    for (const row of page) {
      const key = keyOf(row);
      const stands = recorded.get(key) ?? standing.get(key);
      if (stands === undefined) {
        standing.set(key, row);
        continue;
      }
      const column = VALUE_COLUMNS.find(({ name }) => row[name] !== stands[name]);
      if (column === undefined) repeated += 1;
      else {
        failures.push({
          row, error: contradiction(row, stands, column), column: column.heading, against: isRecorded(stands) ? stands.batch_id : batch,
        });
      }
    }
    await failRows(tx, failures);
    contradicted += failures.length;
  }
}

function firstByKey(rows: readonly RecordedRow[]): Map<string, RecordedRow> {
  const first = new Map<string, RecordedRow>();
  for (const row of rows) if (!first.has(keyOf(row))) first.set(keyOf(row), row);
  return first;
}

function keyOf(row: ContestedRow): string {
  return JSON.stringify(KEY_COLUMNS.map(({ name }) => row[name]));
}

function contradiction(row: ContestedRow, stands: ContestedRow, column: { name: string; heading: string }): string {
  const [found, expected] = [row[column.name], stands[column.name]].map((value) => (value === null ? 'nothing' : JSON.stringify(String(value as Value))));
  return `sheet "${row.sheet}" row ${row.row_number}, ${column.heading}: found ${found}, but ${sourceOf(stands)} says ${expected} `
    + 'of the same item and date; row not loaded. Delete that record first if this row is right, then submit it again';
}

function sourceOf(row: ContestedRow): string {
  if (!isRecorded(row)) return `row ${row.row_number} above`;
  return `batch ${row.batch_id} (${printable(row.filename)}) row ${row.row_number}`;
}

function isRecorded(row: ContestedRow): row is RecordedRow {
  return row['batch_id'] !== undefined;
}
