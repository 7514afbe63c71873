import { writeAnswer, writeNote } from '../inbox/answer.js';
import { answerRows, countRows } from '../store/records.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { TEMPLATE, type Value } from '../template.js';
import type { AnswerRow } from '../workbook/answer.js';
import type { Context } from './context.js';

/**
 * The answer to whoever dropped a file: beside a rejected one all its rows with the failed ones marked, beside a
 * processed one the failed rows only, and where no rows were read a short text.
 */
export async function writeReport(context: Context, batch: StageBatch, archived: string): Promise<void> {
  if (batch.batch_status === 'Deleted') {
    await writeNote(archived, `${batch.filename}\n\nbatch ${batch.id} was deleted before its file was archived; drop the file again to load it\n`);
    return;
  }
  const isRejected = batch.batch_status !== 'Complete';
  if (!isRejected && batch.failure_count === 0) return;
  const { total, failed } = await countRows(context.database.reader, batch.id);
  // Above this the file itself, which lies beside it, is the better copy of the good rows.
  const isLarge = total > ALL_ROWS_UP_TO;
  if (total === 0 || batch.batch_status === 'Duplicate' || (failed === 0 && isLarge)) {
    if (isRejected) await writeNote(archived, `${batch.filename}\n\n${batch.error ?? ''}\n`);
    return;
  }
  await writeAnswer(archived, async (part) => context.reader.writeAnswer(part, answersOf(context, batch.id, !isRejected || isLarge)));
  if (isRejected && isLarge) await writeNote(archived, `${batch.filename}\n\n${batch.error ?? ''}\n\n${MEND_THE_FILE}\n`);
}

const ALL_ROWS_UP_TO = 50_000;
/** Loaded by itself, that answer would be the whole submission: every good row of the file would count as missing. */
const MEND_THE_FILE = `It has more than ${ALL_ROWS_UP_TO} rows, so the answer beside it lists only the failed ones. Mend them in the file itself and drop that.`;
const PAGE_ROWS = 10_000;

/** The rows of an answer, as they are written: there may be a million. */
async function* answersOf({ database }: Context, batch: number, onlyFailed: boolean): AsyncGenerator<AnswerRow> {
  for (let after = 0; ;) {
    const page = await answerRows(database.reader, batch, onlyFailed, after, PAGE_ROWS);
    for (const row of page) {
      yield {
        row: row.row_number, sheet: row.sheet, error: row.error,
        values: TEMPLATE.map(({ name }) => row[name] as Value),
        raw: row.raw_cells === null ? null : JSON.parse(row.raw_cells) as (string | null)[],
      };
    }
    const last = page[page.length - 1];
    if (last === undefined) return;
    after = last.id;
  }
}
