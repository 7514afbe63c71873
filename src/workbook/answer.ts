import { writeFile } from 'node:fs/promises';
import * as XLSX from 'xlsx';
import { TEMPLATE, type Column, type Value } from '../template.js';
import { serialOf } from './dates.js';

/** A row of an answer: values in the template's order, null where they could not be read. */
export interface AnswerRow {
  readonly row: number;
  readonly sheet: string | null;
  readonly values: readonly Value[];
  /** The cells as they were, where the row failed. */
  readonly raw: readonly (string | null)[] | null;
  readonly error: string | null;
}

const EXTRA_HEADINGS = ['Row', 'Status', 'What is wrong'];
const EXTRA_WIDTHS = [8, 12, 90];

/** The bytes of the answer workbook: the file's own columns, then the original row number and what is wrong. */
export function answerWorkbook(rows: readonly AnswerRow[]): Buffer {
  const data = [
    [...TEMPLATE.map(({ heading }) => text(heading)), ...EXTRA_HEADINGS.map(text)],
    ...rows.map(answerCells),
  ];
  const sheet = { '!data': data, '!ref': `A1:${XLSX.utils.encode_cell({ r: rows.length, c: data[0]!.length - 1 })}` } as unknown as XLSX.WorkSheet;
  sheet['!cols'] = [...TEMPLATE.map(({ heading }) => ({ wch: Math.max(heading.length + 2, 14) })), ...EXTRA_WIDTHS.map((wch) => ({ wch }))];
  sheet['!autofilter'] = { ref: sheet['!ref']! };
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, 'Answer');
  return XLSX.write(book, { type: 'buffer', bookType: 'xlsx', compression: true, bookSST: false }) as Buffer;
}

/** Writes the answer workbook to a path. */
export async function writeAnswerFile(path: string, rows: readonly AnswerRow[]): Promise<void> {
  await writeFile(path, answerWorkbook(rows));
}

function answerCells(row: AnswerRow): (XLSX.CellObject | undefined)[] {
  const cells = TEMPLATE.map((column, index) => valueCell(column, row.values[index] ?? null) ?? rawCell(row.raw?.[index] ?? null));
  return [...cells, { t: 'n', v: row.row }, text(row.error === null ? 'not loaded' : 'failed'), text(row.error ?? 'nothing; the file as a whole was rejected')];
}

/** A typed cell: dates are dates, amounts numbers, everything else text that no program takes for anything else. */
function valueCell(column: Column, value: Value): XLSX.CellObject | undefined {
  if (value === null) return undefined;
  if (column.kind === 'date') return { t: 'n', v: serialOf(String(value)), z: 'yyyy-mm-dd' };
  if (typeof value === 'number') return { t: 'n', v: value };
  return text(value);
}

function rawCell(raw: string | null): XLSX.CellObject | undefined {
  return raw === null || raw === '' ? undefined : text(raw);
}

function text(value: string): XLSX.CellObject {
  return { t: 's', v: value, z: '@' };
}
