import type { Value } from '../../template.js';
import type { Listing } from './listing.js';

/**
 * CSV (RFC 4180, UTF-8 without a mark, lines end in LF). Text that a spreadsheet would take for a formula gets an
 * apostrophe in front; numbers stay numbers, negative ones too.
 */
export async function* csvOf({ columns, rows }: Listing): AsyncGenerator<string> {
  yield line(columns.map(({ heading }) => heading));
  for await (const row of rows) yield line(row);
}

function line(values: readonly Value[]): string {
  return `${values.map(field).join(',')}\n`;
}

function field(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r\n]/u.test(value) ? `'${value}` : value;
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
