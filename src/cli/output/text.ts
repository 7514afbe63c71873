import Table from 'cli-table3';
import { printable } from '../../errors.js';
import type { Value } from '../../template.js';
import type { Listing, Row } from './listing.js';

/** Rows that are laid out together; their headings come again with the next. */
const BLOCK_ROWS = 1_000;

/** A listing as plain tables, a heading every 1,000 rows. */
export async function* textOf({ columns, rows, none }: Listing): AsyncGenerator<string> {
  const headings = columns.map(({ heading }) => heading);
  let block: Row[] = [];
  let isEmpty = true;
  for await (const row of rows) {
    block.push(row);
    isEmpty = false;
    if (block.length < BLOCK_ROWS) continue;
    yield `${table(headings, block)}\n`;
    block = [];
  }
  if (block.length > 0) yield `${table(headings, block)}\n`;
  if (isEmpty) yield `${none}\n`;
}

/** A plain table: a heading, a row each, numbers to the right. */
export function table(headings: readonly string[], rows: readonly Row[]): string {
  const drawn = new Table({
    head: [...headings], colAligns: headings.map((_, column) => (isNumeric(rows, column) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '',
      left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '',
    },
  });
  for (const row of rows) drawn.push(row.map((cell) => (cell === null ? '' : printable(String(cell)))));
  return drawn.toString().split('\n').map((line) => line.trimEnd()).join('\n');
}

function isNumeric(rows: readonly (readonly Value[])[], column: number): boolean {
  const values = rows.map((row) => row[column] ?? null).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number');
}
