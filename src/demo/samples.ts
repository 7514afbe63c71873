import * as XLSX from 'xlsx';
import { TEMPLATE, type Value } from '../template.js';
import { serialOf } from '../workbook/dates.js';

/** Four monthly workbooks as a back office gets them: ten accounts, a change of amount, two that fall silent or drop out. */

type Line = readonly [account: string, reference: string, company: string, amount: number | null, term: string];

const JANUARY: readonly Line[] = [
  ['CL-001', 'A001', 'Company A', 358666.8, '30 Days'],
  ['CL-002', 'A002', 'Company B', 500000, '30 Days'],
  ['CL-003', 'A003', 'Company C', 120000, '30 Days'],
  ['CL-004', 'A004', 'Company D', 50, '30 Days'],
  ['CL-005', 'A005', 'Company E', null, 'Cash'],
  ['CL-006', 'A006', 'Company F', 356900, '30 Days'],
  ['CL-007', 'A007', 'Company G', 899000, '30 Days'],
  ['CL-008', 'A008', 'Company H', 2300, '7 Days'],
  ['CL-009', 'A009', 'Company I', 230000, '30 Days'],
  ['CL-010', 'A010', 'Company J', 100000, '30 Days'],
];

const FEBRUARY = [...without(JANUARY, 'A006', 'A008', 'A009', 'A010'), ['CL-006', 'A006', 'Company F', null, 'Cash'] as const, line('A010')].sort(byAccount);
const MARCH = changed(FEBRUARY, 'A002', 400000);
const APRIL = [...without(MARCH, 'A010'), line('A009'), ['CL-010', 'A011', 'Company H', 78000, '30 Days'] as const].sort(byAccount);

/** The samples by file name, each with its effective date and lines. */
export const SAMPLES: readonly { readonly name: string; readonly date: string; readonly lines: readonly Line[] }[] = [
  { name: '0128_Jan.xlsx', date: '2022-01-28', lines: JANUARY },
  { name: '0228_Feb.xlsx', date: '2022-02-28', lines: FEBRUARY },
  { name: '0328_March.xlsx', date: '2022-03-28', lines: MARCH },
  { name: '0428_April.xlsx', date: '2022-04-28', lines: APRIL },
];

/** The bytes of an .xlsx workbook with the lines, all of one effective date. */
export function sampleWorkbook(date: string, lines: readonly Line[]): Buffer {
  const heading = TEMPLATE.map(({ heading: text }) => ({ t: 's', v: text }));
  const rows = lines.map((values) => [{ t: 'n', v: serialOf(date), z: 'yyyy-mm-dd' }, ...values.map(cell)]);
  const sheet = XLSX.utils.aoa_to_sheet([heading, ...rows]);
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, 'Sheet1');
  return XLSX.write(book, { type: 'buffer', bookType: 'xlsx', bookSST: true }) as Buffer;
}

function cell(value: Value): object | null {
  if (value === null) return null;
  return typeof value === 'number' ? { t: 'n', v: value } : { t: 's', v: value };
}

function line(reference: string): Line {
  return JANUARY.find((candidate) => candidate[1] === reference)!;
}

function without(lines: readonly Line[], ...references: readonly string[]): Line[] {
  return lines.filter((candidate) => !references.includes(candidate[1]));
}

function changed(lines: readonly Line[], reference: string, amount: number): Line[] {
  return lines.map((candidate) => (candidate[1] === reference ? [candidate[0], candidate[1], candidate[2], amount, candidate[4]] : candidate));
}

function byAccount(one: Line, other: Line): number {
  return one[0] < other[0] ? -1 : 1;
}
