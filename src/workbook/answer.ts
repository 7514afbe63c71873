import { TEMPLATE, type Column, type Value } from '../template.js';
import { amountRule } from './amounts.js';
import { existingDate, serialOf } from './dates.js';
import { Problem } from './problem.js';
import { textRule } from './values.js';
import { lookOf, valueCell, type OutCell } from './write/cells.js';
import { writeWorkbook } from './write/workbook.js';

/**
 * The answer to whoever dropped a file: its rows in its own columns, with what is wrong. Mended and dropped again it
 * loads; a failed cell that nobody mended fails again.
 */

/** A row of an answer: values in the template's order, null where they could not be read. */
export interface AnswerRow {
  readonly row: number;
  readonly sheet: string | null;
  readonly values: readonly Value[];
  /** The cells as they were, where the row failed. */
  readonly raw: readonly (string | null)[] | null;
  readonly error: string | null;
}

const COLUMNS = [
  ...TEMPLATE.map(({ heading, kind }) => ({ heading, width: kind === 'name' ? 30 : 18 })),
  { heading: 'Row', width: 8 }, { heading: 'Status', width: 12 }, { heading: 'What is wrong', width: 100 },
];

/** Writes the answer workbook to a path, whole or not at all, as its rows come. */
export async function writeAnswerFile(path: string, rows: Iterable<AnswerRow> | AsyncIterable<AnswerRow>): Promise<void> {
  await writeWorkbook(path, { name: 'Answer', columns: COLUMNS, rows: inCells(rows) });
}

async function* inCells(rows: Iterable<AnswerRow> | AsyncIterable<AnswerRow>): AsyncGenerator<(OutCell | undefined)[]> {
  for await (const row of rows) yield answerCells(row);
}

function answerCells({ row, values, raw, error }: AnswerRow): (OutCell | undefined)[] {
  const isFailed = error !== null;
  const cells = TEMPLATE.map((column, index) => valueCell(column.kind, values[index] ?? null) ?? rawCell(column, raw?.[index] ?? null));
  return [
    ...cells.map((cell) => (cell === undefined || !isFailed ? cell : { ...cell, isMarked: true })),
    { type: 'number', value: row, look: 'general', isMarked: isFailed },
    { type: 'text', value: isFailed ? 'failed' : 'not loaded', look: 'text', isMarked: isFailed },
    { type: 'text', value: error ?? 'nothing; not loaded because the file as a whole was rejected', look: 'text', isMarked: isFailed },
  ];
}

/** A failed cell shows its raw text, in a form that fails again unless somebody mends it. */
function rawCell(column: Column, raw: string | null): OutCell | undefined {
  if (raw === null || raw === '') return undefined;
  const text: OutCell = { type: 'text', value: raw, look: lookOf(column.kind) };
  return wouldPassAsText(column, raw) ? asItWas(column, raw) : text;
}

/** As text some cells would be taken that failed as numbers, dates or logical values: Excel had changed them. */
function wouldPassAsText({ kind }: Column, raw: string): boolean {
  const cell = { type: 'text', text: raw } as const;
  if (kind === 'identifier' || kind === 'name') return typeof textRule(cell) === 'string';
  return kind === 'amount' && !(POINT_AMOUNT(cell) instanceof Problem);
}

const POINT_AMOUNT = amountRule({ numbers: { decimal: '.', group: null } });

/** The cell as what it failed for; empty where that cannot be written, for an empty cell of these columns fails too. */
function asItWas({ kind }: Column, raw: string): OutCell | undefined {
  if (kind === 'amount') return { type: 'number', value: Number(raw), look: 'date' };
  if (raw === 'TRUE' || raw === 'FALSE') return { type: 'boolean', value: raw === 'TRUE' ? 1 : 0, look: 'general' };
  if (/^-?\d+(?:\.\d+)?(?:E[+-]?\d+)?$/iu.test(raw)) return { type: 'number', value: raw, look: 'altered' };
  const date = /^(\d{4})-(\d\d)-(\d\d)/u.exec(raw);
  const existing = date === null ? undefined : existingDate(Number(date[1]), Number(date[2]), Number(date[3]));
  return existing === undefined ? undefined : { type: 'number', value: serialOf(existing), look: 'date' };
}
