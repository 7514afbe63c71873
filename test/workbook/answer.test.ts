import fc from 'fast-check';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as XLSX from 'xlsx';
import { writeAnswerFile, type AnswerRow } from '../../src/workbook/answer.js';
import type { Cell } from '../../src/workbook/cell.js';
import { Folder, readFileRows } from './books.js';
import { HEADINGS, number, stage, text, type Staged } from './support.js';

let folder: Folder;
let path: string;
beforeAll(async () => {
  folder = await Folder.make();
  path = join(folder.path, 'file.errors.xlsx');
});
afterAll(async () => folder.remove());

/** The answer's rows as whoever opens it sees them. */
async function write(rows: readonly AnswerRow[]): Promise<XLSX.CellObject[][]> {
  await writeAnswerFile(path, rows);
  const book = XLSX.read(await readFile(path), { dense: true, cellNF: true, WTF: true });
  return (book.Sheets['Answer'] as unknown as { '!data': XLSX.CellObject[][] })['!data'];
}

const FAILED: AnswerRow = {
  row: 14, sheet: 'Sheet1', values: ['2024-01-31', '007', 'R-1', '=1+1', null, 'Cash'], raw: ['45322', '007', 'R-1', '=1+1', 'n/a', 'Cash'],
  error: 'sheet "Sheet1" row 14, Amount: expected a number, found "n/a"; row not loaded',
};
const FINE: AnswerRow = { row: 15, sheet: 'Sheet1', values: ['2024-01-31', '007', 'R-2', 'Acme', 12.5, 'Cash'], raw: null, error: null };

/** What the archive holds of a staged row, as an answer's row. */
const answerOf = (staged: Staged): AnswerRow => ({ row: staged.row, sheet: 'Sheet1', values: staged.values, raw: staged.raw, error: staged.error });

describe('an answer', () => {
  test('has the file’s own columns, then the row’s number, its status and what is wrong', async () => {
    const [head, failed, fine] = await write([FAILED, FINE]);
    expect(head!.map(({ v }) => v)).toEqual([...HEADINGS, 'Row', 'Status', 'What is wrong']);
    expect(failed!.slice(6).map(({ v }) => v)).toEqual([14, 'failed', FAILED.error]);
    expect(fine!.slice(6).map(({ v }) => v)).toEqual([15, 'not loaded', 'nothing; not loaded because the file as a whole was rejected']);
  });

  test('has dates as dates, numbers as numbers, identifiers as text and failed cells as their raw text', async () => {
    const [, failed, fine] = await write([FAILED, FINE]);
    expect(fine!.slice(0, 6).map(({ t, v, z }) => [t, v, z])).toEqual([
      ['n', 45322, 'yyyy\\-mm\\-dd'], ['s', '007', '@'], ['s', 'R-2', '@'], ['s', 'Acme', '@'], ['n', 12.5, 'General'], ['s', 'Cash', '@'],
    ]);
    expect([failed![4]!.t, failed![4]!.v, failed![4]!.z]).toEqual(['s', 'n/a', 'General']);
  });

  test('never holds a formula', async () => {
    const company = (await write([FAILED]))[1]![3]!;
    expect([company.t, company.v, company.f]).toEqual(['s', '=1+1', undefined]);
    expect(await readFile(path, 'latin1')).not.toContain('<f>');
  });

  test('marks the failed rows, freezes the headings and can be filtered', async () => {
    await writeAnswerFile(path, [FAILED, FINE]);
    const cfb = XLSX.CFB as { find: (book: unknown, name: string) => { content: Buffer }; read: (bytes: Buffer, options: object) => unknown };
    const book = cfb.read(await readFile(path), { type: 'buffer' });
    const [xml, styles] = ['sheet1.xml', 'styles.xml'].map((name) => String(cfb.find(book, name).content)) as [string, string];
    expect(xml).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>');
    expect(xml).toContain('<autoFilter ref="A1:I3"/>');
    const fills = [...styles.matchAll(/<xf [^>]*fillId="(\d)"[^>]*>/gu)].slice(1).map(([, fill]) => fill);
    const rows = [...xml.matchAll(/<c r="B(\d)" s="(\d+)"/gu)].map(([, row, style]) => [row, fills[Number(style)]]);
    expect(rows).toEqual([['1', '3'], ['2', '2'], ['3', '0']]);
  });

  test('that was mended loads what was not loaded before', async () => {
    await writeAnswerFile(path, [{ ...FAILED, values: FAILED.values.map((value, index) => (index === 4 ? 99.5 : value)) }, FINE]);
    const { rows, summary } = await readFileRows(path);
    expect(rows.map(({ values, error }) => [values, error])).toEqual([[['2024-01-31', '007', 'R-1', '=1+1', 99.5, 'Cash'], null], [[...FINE.values], null]]);
    expect(summary.notices).toEqual(['columns not read: "Row", "Status", "What is wrong"']);
  });

  test('that nobody mended fails again, whatever it was that failed', async () => {
    const usual: Cell[] = [text('2024-01-31'), text('CL-1'), text('R-1'), text('Acme'), number(12.5), text('Cash')];
    const cells: Cell[] = [
      number('1914300000000000000'), number('12.5'), number(45322, 'yyyy-mm-dd'), number(7, '"CL-"000'), number('-7', '0%'), number('1.5E+20'), text('1.9143E+18'),
      { type: 'boolean', text: 'TRUE' }, { type: 'boolean', text: 'FALSE' }, { type: 'date', text: '2024-01-31' }, { type: 'date', text: '2024-01-31T10:00:00' },
      { type: 'date', text: 'PT12H' }, { type: 'error', text: '#N/A' }, { type: 'error', text: 'Err:502' }, { type: 'uncalculated', text: '' }, text('#REF!'), text('A\u0000B'), text('A\ud800B'),
      number('45322.123', 'dd.mm.yyyy'), number('0.12345'), number('1E+12'),
    ];
    const failed = cells.flatMap((cell) => usual.map((_, column) => stage(usual.map((other, at) => (at === column ? cell : other)))!)).filter(({ error }) => error !== null);
    expect(failed.length).toBeGreaterThan(100);
    await writeAnswerFile(path, failed.map(answerOf));
    const { rows } = await readFileRows(path);
    expect(rows.map((row, index) => (row.error === null ? failed[index] : null)).filter((row) => row !== null)).toEqual([]);
    expect(rows.map(({ column }) => column)).toEqual(failed.map(({ column }) => column));
  });

  test('that nobody mended loads no failed row and every other as it was, whatever the cells', async () => {
    const cell = fc.oneof(
      fc.constantFrom<Cell | undefined>(undefined, text('2024-01-31'), text('CL-1'), text('Acme'), text('Cash'), number('12.5'), number('45322', 'yyyy-mm-dd'), number('42', '00000')),
      fc.string({ unit: 'binary', maxLength: 12 }).map(text),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => number(value)),
      fc.constantFrom<Cell>({ type: 'boolean', text: 'TRUE' }, { type: 'error', text: '#NAME?' }, { type: 'uncalculated', text: '' }, { type: 'date', text: '2024-01-31' }),
      fc.constantFrom(text('_x000D_'), text('_x005F_x0041_'), text('a\r\nb'), text('<&>"\''), text('\ufffe'), text('#N/A')),
    );
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell, cell, cell, cell), { minLength: 1, maxLength: 20 }), async (table) => {
      const staged = table.map((cells) => stage(cells)).filter((row) => row !== undefined);
      if (staged.length === 0) return;
      await writeAnswerFile(path, staged.map(answerOf));
      // A row of which nothing is left to be read is skipped: it does not load either.
      const again = await readFileRows(path).then(({ rows }) => rows, () => []);
      const at = new Map(again.map((row) => [row.row, row]));
      staged.forEach((before, index) => {
        const after = at.get(index + 2);
        if (before.error === null) expect(after).toMatchObject({ values: before.values, error: null });
        else expect(after?.error).not.toBeNull();
      });
    }), { numRuns: 40 });
  });

  test('of a row that was moved by a separator shows the whole of it and does not load', async () => {
    await writeAnswerFile(path, [{ row: 2, sheet: 'CSV', values: [null, null, null, null, null, null], raw: ['2024-01-31 | CL-1 | 1 | 234', null, null, null, null, null], error: 'moved' }]);
    expect((await readFileRows(path)).rows[0]!.error).toMatch(/Effective Date: expected a date YYYY-MM-DD, found "2024-01-31 | CL-1/u);
  });

  test('of a contradicted row shows its values, and of one without raw cells nothing', async () => {
    const [, contradicted, bare] = await write([{ ...FINE, error: 'contradicts row 3', raw: ['2024-01-31', '007', 'R-2', 'Acme', '12.5', 'Cash'] }, { ...FINE, values: [null, null, null, null, null, null], raw: [], error: 'x' }]);
    expect(contradicted!.slice(0, 6).map(({ v }) => v)).toEqual([45322, '007', 'R-2', 'Acme', 12.5, 'Cash']);
    expect(bare!.slice(0, 6).every((value) => value === undefined)).toBe(true);
  });

  test('is there whole or not at all: a failure leaves what was there before, and nothing else', async () => {
    await writeAnswerFile(path, [FINE]);
    const before = await readFile(path);
    const failing = function* (): Generator<AnswerRow> {
      yield FAILED;
      throw new Error('the rows ran out');
    };
    await expect(writeAnswerFile(path, failing())).rejects.toThrow('the rows ran out');
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(folder.path)).toEqual(['file.errors.xlsx']);
  });

  test('of the same rows has the same bytes', async () => {
    await writeAnswerFile(path, [FAILED]);
    const first = await readFile(path);
    await writeAnswerFile(path, [FAILED]);
    expect(await readFile(path)).toEqual(first);
  });
});
