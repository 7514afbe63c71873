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
  const { total, failed } = await countRows(context.database.reader, batch.id);
  if (total === 0 || batch.batch_status === 'Duplicate') {
    if (isRejected) await writeNote(archived, `${batch.filename}\n\n${batch.error ?? ''}\n`);
    return;
  }
  if (!isRejected && failed === 0) return;
  // Above this the file itself, which lies beside it, is the better copy of the good rows.
  const onlyFailed = !isRejected || total > ALL_ROWS_UP_TO;
  const rows = await collectRows(context, batch.id, onlyFailed);
  await writeAnswer(archived, async (part) => context.reader.writeAnswer(part, rows));
}

const ALL_ROWS_UP_TO = 50_000;
const PAGE_ROWS = 10_000;

async function collectRows(context: Context, batch: number, onlyFailed: boolean): Promise<AnswerRow[]> {
  const rows: AnswerRow[] = [];
  for (let after = 0; ;) {
    const page = await answerRows(context.database.reader, batch, onlyFailed, after, PAGE_ROWS);
    for (const row of page) {
      rows.push({
        row: row.row_number, sheet: row.sheet, error: row.error,
        values: TEMPLATE.map(({ name }) => row[name] as Value),
        raw: row.raw_cells === null ? null : JSON.parse(row.raw_cells) as (string | null)[],
      });
    }
    const last = page[page.length - 1];
    if (last === undefined) return rows;
    after = last.id;
  }
}
