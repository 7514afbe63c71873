import { RowStager } from '../../src/workbook/rows.js';
import { number, parseChunk, settings, stage, text } from './support.js';

const HEADINGS = { row: 3, columns: [5, 4, 3, 2, 1, 0], width: 8, ignored: [] };
const cells = (amount: string) => [text('Cash'), number(amount), text('Acme'), text('R-1'), text('CL-1'), text('2024-01-31')];

describe('a row', () => {
  test('is staged as its number, the template’s values in their order, and nothing wrong', () => {
    const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
    stager.add({ number: 14, hidden: false, cells: cells('12.50') });
    expect(stager.flush()).toEqual({
      sheet: 'Sheet1', json: '[[14,"2024-01-31","CL-1","R-1","Acme",12.5,"Cash"]]', rows: 1, failed: 0,
      named: [{ account: 'CL-1', date: '2024-01-31', total: 1, failed: 0, items: 1 }],
    });
    expect(stager.flush()).toBeUndefined();
  });

  test('that fails says where and why, keeps what could be read, and its raw cells', () => {
    const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
    stager.add({ number: 14, hidden: false, cells: [text('Cash'), text('n/a'), text(' Acme '), text('R-1'), text('CL-1'), number(45322)] });
    expect(parseChunk(stager.flush()!.json)).toEqual([{
      row: 14, values: ['2024-01-31', 'CL-1', 'R-1', 'Acme', null, 'Cash'],
      error: 'sheet "Sheet1" row 14, Amount: expected a number, found "n/a"; row not loaded', column: 'Amount',
      raw: ['45322', 'CL-1', 'R-1', ' Acme ', 'n/a', 'Cash'],
    }]);
    expect([stager.rows, stager.failed]).toEqual([1, 1]);
  });

  test('with several problems names them all, and the consequence once', () => {
    const staged = stage([text('soon'), undefined, text('R-1'), text('Acme'), text('n/a'), text('Cash')])!;
    expect(staged.error).toBe('sheet "Sheet1" row 2, Effective Date: expected a date YYYY-MM-DD, found "soon"; '
      + 'Client Account: expected a value, found an empty cell; Amount: expected a number, found "n/a"; row not loaded');
    expect(staged.column).toBe('Effective Date');
    expect(staged.values).toEqual([null, null, 'R-1', 'Acme', null, 'Cash']);
    expect(staged.raw).toEqual(['soon', null, 'R-1', 'Acme', 'n/a', 'Cash']);
  });

  test('whose six columns are empty is skipped, whatever else it holds', () => {
    expect(stage([undefined, text(''), text(' \u00a0'), text('\u200b'), undefined, undefined, text('a note')])).toBeUndefined();
    expect(stage([undefined, undefined, undefined, undefined, { type: 'uncalculated', text: '' }, undefined])?.error).toMatch(/never calculated/u);
  });

  test('that is hidden counts like the others', () => {
    const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
    stager.add({ number: 4, hidden: true, cells: cells('1') });
    stager.add({ number: 5, hidden: true, cells: [] });
    expect([stager.rows, stager.hidden]).toEqual([1, 1]);
  });

  test('whose formula was never calculated does not look empty in its raw cells', () => {
    expect(stage([text('2024-01-31'), text('a'), text('b'), text('c'), { type: 'uncalculated', text: '' }, text('Cash')])?.raw?.[4]).toBe('#CALC!');
  });

  test('with more cells than a CSV file has headings fails as a whole: its cells have moved', () => {
    const stager = new RowStager('CSV', { ...HEADINGS, width: 6 }, settings(), 1900, 6);
    stager.add({ number: 2, hidden: false, cells: [...cells('1'), text('234')] });
    stager.add({ number: 3, hidden: false, cells: [...cells('1'), undefined, text(' ')] });
    const [moved, fine] = parseChunk(stager.flush()!.json);
    expect(moved).toEqual({
      row: 2, values: [null, null, null, null, null, null], column: null, raw: ['Cash | 1 | Acme | R-1 | CL-1 | 2024-01-31 | 234', null, null, null, null, null],
      error: 'sheet "CSV" row 2, expected at most 6 cells, as many as headings, found 7: a cell that holds a separator needs quotes; row not loaded',
    });
    expect(fine!.error).toBeNull();
  });

  test('with names of JavaScript and JSON’s own signs is only text', () => {
    const staged = stage([text('2024-01-31'), text('__proto__'), text('a"b\\c'), text('Zoë \u2028 "x"'), number(1), text('Cash')])!;
    expect(staged.values).toEqual(['2024-01-31', '__proto__', 'a"b\\c', 'Zoë "x"', 1, 'Cash']);
  });

  test('is remembered by its format too: the same number in another format is another text', () => {
    const stager = new RowStager('Sheet1', { ...HEADINGS, columns: [0, 1, 2, 3, 4, 5] }, settings(), 1900);
    for (const format of [undefined, '00000', '"X"0', undefined]) {
      stager.add({ number: 2, hidden: false, cells: [text('2024-01-31'), number('42', format), text('b'), text('c'), number('1'), text('Cash')] });
    }
    expect(parseChunk(stager.flush()!.json).map(({ values }) => values[1])).toEqual(['42', '00042', null, '42']);
  });
});

describe('chunks', () => {
  test('are of 5,000 rows', () => {
    const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
    const chunks = Array.from({ length: 10_001 }, (_, index) => stager.add({ number: index + 2, hidden: false, cells: cells(String(index)) })).filter((chunk) => chunk !== undefined);
    expect([...chunks, stager.flush()!].map(({ rows }) => rows)).toEqual([5_000, 5_000, 1]);
  });

  test('are smaller where the rows are long, for a statement’s sake', () => {
    const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
    const long = text('x'.repeat(32_767));
    const first = Array.from({ length: 200 }, (_, index) => stager.add({ number: index + 2, hidden: false, cells: [text('Cash'), number(1), long, text('R'), text('C'), text('2024-01-31')] })).find((chunk) => chunk !== undefined);
    expect(first!.json.length).toBeLessThan(4_100_000);
  });
});
