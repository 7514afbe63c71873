import { describe, expect, test } from '@jest/globals';
import type { ReadSettings } from '../../src/config/settings.js';
import { defaults } from '../support/world.js';
import { bookOf, HEADINGS, readBytes, xlsxParts, zipOf, HEADING_ROW, type Staged } from '../support/workbooks.js';

const GOOD: readonly unknown[] = ['2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash'];

/** What becomes of one cell in an otherwise good row: its value, or what is wrong. */
async function cellIn(column: number, cell: unknown, changes: Partial<ReadSettings> = {}, shape?: Parameters<typeof bookOf>[2]): Promise<unknown> {
  const row = GOOD.map((value, index) => (index === column ? cell : value));
  const { rows } = await readBytes(bookOf([HEADINGS, row], 'xlsx', shape), changes);
  const error = rows[0]![7];
  return error === null ? rows[0]![column + 1] : { problem: error };
}

const date = async (cell: unknown, changes?: Partial<ReadSettings>, shape?: Parameters<typeof bookOf>[2]): Promise<unknown> => cellIn(0, cell, changes, shape);
const reference = async (cell: unknown): Promise<unknown> => cellIn(2, cell);
const amount = async (cell: unknown, changes?: Partial<ReadSettings>): Promise<unknown> => cellIn(4, cell, changes);
const problem = (text: string): object => ({ problem: expect.stringContaining(text) });

describe('an effective date', () => {
  test('is an Excel serial, whatever its format and the time zone, in both date systems', async () => {
    expect(await date({ t: 'n', v: 44589, z: 'yyyy-mm-dd' })).toBe('2022-01-28');
    expect(await date(44589)).toBe('2022-01-28');
    expect(await date({ t: 'n', v: 43127 }, {}, (_, book) => { book.Workbook = { WBProps: { date1904: true } }; })).toBe('2022-01-28');
  });

  test('with a time of day fails', async () => {
    expect(await date(44589.5)).toEqual(problem('Effective Date: expected a date without a time of day'));
  });

  test('may be text YYYY-MM-DD, and other formats only where the settings list them', async () => {
    expect(await date('2022-01-28')).toBe('2022-01-28');
    expect(await date('28.01.2022')).toEqual(problem('expected a date'));
    expect(await date('28.01.2022', { dates: { ...defaults().dates, formats: ['DD.MM.YYYY'] } })).toBe('2022-01-28');
    expect(await date('2022-02-30')).toEqual(problem('expected a date'));
  });

  test('outside the range of the settings fails, and an empty one is missed', async () => {
    expect(await date('1989-12-31')).toEqual(problem('expected a date from 1990-01-01 to 2100-12-31, found 1989-12-31'));
    expect(await date('2101-01-01')).toEqual(problem('expected a date from'));
    expect(await date(null)).toEqual(problem('Effective Date: expected a value, found an empty cell'));
  });
});

describe('an identifier', () => {
  test('is text: NFC, trimmed of no-break and zero-width spaces, inner white space folded', async () => {
    expect(await reference(' \u00a0A\u00a0 1\u200b')).toBe('A 1');
    expect(await reference('e\u0301')).toBe('é');
    expect(await reference('__proto__')).toBe('__proto__');
    expect(await reference(' \u200b ')).toEqual(problem('External Reference: expected a value, found an empty cell'));
  });

  test('stored as a number is printed in full, with the leading zeros of its format', async () => {
    expect(await reference(123456789012345)).toBe('123456789012345');
    expect(await reference({ t: 'n', v: 42, z: '00000' })).toBe('00042');
  });

  test('that Excel has already changed fails and says what to do', async () => {
    for (const cell of [1234567890123456, 1.5, { t: 'n', v: 44589, z: 'yyyy-mm-dd' }, { t: 'n', v: 7, z: '"CL-"000' }, '1.9143E+18']) {
      expect(await reference(cell)).toEqual(problem('format the column as text'));
    }
  });
});

describe('an amount', () => {
  test('is its 15 significant digits; minus zero is zero, empty is none', async () => {
    expect(await amount(Number('1234.5600000000001'))).toBe(1234.56);
    expect(Object.is(await amount(-0), 0)).toBe(true);
    expect(await amount(null)).toBe(null);
    expect(await amount(99_999_999_999.9999)).toBe(99_999_999_999.9999);
  });

  test('with more than four decimals, or too large, fails', async () => {
    expect(await amount(0.12345)).toEqual(problem('Amount: expected at most 4 decimals'));
    expect(await amount(1e11)).toEqual(problem('expected a number below'));
  });

  test('that is text counts when it is a plain decimal, and is not guessed otherwise', async () => {
    expect(await amount('-1234.5')).toBe(-1234.5);
    for (const text of ['1,234', '1.234,5', '+1', '1e3', '.5', '5.', 'n/a', '0x10', 'Infinity']) expect(await amount(text)).toEqual(problem('Amount: expected'));
    expect(await amount('1.234,50', { numbers: { decimal: ',', group: '.' } })).toBe(1234.5);
  });

  test('is no logical value', async () => {
    expect(await amount(true)).toEqual(problem('expected a number, found the logical value TRUE'));
  });
});

describe('a term', () => {
  test('is one of the settings, whatever its case and spaces, as the settings spell it', async () => {
    expect(await cellIn(5, ' 30\u00a0 dAYS ')).toBe('30 Days');
    expect(await cellIn(5, '31 Days')).toEqual(problem('Term: expected one of N/A, Cash, 7 Days, 30 Days, found "31 Days"'));
  });
});

describe('other cells', () => {
  test('a formula counts by its cached value, without one it fails, and so does an error value', async () => {
    const row = (cell: string): Buffer => zipOf(xlsxParts(`${HEADING_ROW}<row r="2"><c r="A2"><v>44589</v></c><c r="B2" t="str"><v>CL-1</v></c>`
      + `<c r="C2" t="str"><v>A1</v></c><c r="D2" t="str"><v>Acme</v></c>${cell}<c r="F2" t="str"><v>Cash</v></c></row>`));
    expect((await readBytes(row('<c r="E2"><f>1+1</f><v>2</v></c>'))).rows[0]![5]).toBe(2);
    expect((await readBytes(row('<c r="E2" t="str"><f>""</f><v></v></c>'))).rows[0]!.slice(5, 8)).toEqual([null, 'Cash', null]);
    for (const value of ['', '<v></v>', '<v/>', '<v> </v>']) {
      expect((await readBytes(row(`<c r="E2"><f>1+1</f>${value}</c>`))).rows[0]![7]).toContain('a formula that was never calculated');
    }
    expect((await readBytes(row('<c r="E2"><v/></c>'))).rows[0]!.slice(5, 8)).toEqual([null, 'Cash', null]);
    expect((await readBytes(row('<c r="E2" t="e"><v>#N/A</v></c>'))).rows[0]![7]).toContain('the error #N/A');
  });

  test('a failed row keeps what could be read, its raw cells, and names its first wrong column', async () => {
    const { rows } = await readBytes(bookOf([HEADINGS, ['2022-01-28', 'CL-1', 'A1', 'Acme', 'n/a', 'Never']]));
    expect(rows[0]!.slice(0, 7)).toEqual([2, '2022-01-28', 'CL-1', 'A1', 'Acme', null, null]);
    expect(rows[0]![7]).toMatch(/^sheet "Sheet1" row 2, Amount: expected a number, found "n\/a"; Term: expected one of .*; row not loaded$/u);
    expect(rows[0]![8]).toBe('Amount');
    expect(JSON.parse(String(rows[0]![9]))).toEqual(['2022-01-28', 'CL-1', 'A1', 'Acme', 'n/a', 'Never']);
  });

  test('rich text is its characters without phonetic runs, escapes decoded', async () => {
    const strings = '<si><r><t>Ac</t></r><r><t xml:space="preserve">me </t></r><rPh sb="0" eb="1"><t>ignored</t></rPh></si><si><t>a_x0041_b</t></si>';
    const sheet = `${HEADING_ROW}<row r="2"><c r="A2"><v>44589</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="s"><v>1</v></c><c r="D2" t="s"><v>0</v></c><c r="F2" t="inlineStr"><is><t>Cash</t></is></c></row>`;
    expect((await readBytes(zipOf(xlsxParts(sheet, { strings })))).rows[0]!.slice(2, 5)).toEqual(['aAb', 'aAb', 'Acme']);
  });

  test('an ISO date cell is a date, at midnight or without a time', async () => {
    const dated = async (cell: string): Promise<Staged> => (await readBytes(zipOf(xlsxParts(`${HEADING_ROW}<row r="2">${cell}<c r="B2" t="str"><v>CL-1</v></c>`
      + '<c r="C2" t="str"><v>A1</v></c><c r="D2" t="str"><v>Acme</v></c><c r="F2" t="str"><v>Cash</v></c></row>')))).rows[0]!;
    for (const text of ['2022-01-28', '2022-01-28T00:00:00', '2022-01-28T00:00:00.000Z']) expect((await dated(`<c r="A2" t="d"><v>${text}</v></c>`))[1]).toBe('2022-01-28');
    expect((await dated('<c r="A2" t="d"><v>2022-01-28T12:00:00</v></c>'))[7]).toContain('found the date 2022-01-28T12:00:00');
  });

  test('a serial counts in the 1904 system where the workbook says so', async () => {
    const row = '<row r="2"><c r="A2"><v>43127</v></c><c r="B2" t="str"><v>CL-1</v></c><c r="C2" t="str"><v>A1</v></c><c r="D2" t="str"><v>Acme</v></c><c r="F2" t="str"><v>Cash</v></c></row>';
    const dateIn = async (workbook: string): Promise<unknown> => (await readBytes(zipOf(xlsxParts(HEADING_ROW + row, { workbook })))).rows[0]![1];
    expect(await dateIn('')).toBe('2018-01-27');
    for (const value of ['1', 'true']) expect(await dateIn(`<workbookPr date1904="${value}"/>`)).toBe('2022-01-28');
  });

  test('inline rich text is its characters too; escaped line ends are white space, an escaped escape is text', async () => {
    const sheet = `${HEADING_ROW}<row r="2"><c r="A2"><v>44589</v></c><c r="B2" t="str"><v>CL-1</v></c><c r="C2" t="str"><v>A1</v></c>`
      + '<c r="D2" t="inlineStr"><is><r><t>Ac_x000D__x000A_</t></r><r><t>me_x005F_x0041_</t></r><rPh sb="0" eb="1"><t>unseen</t></rPh></is></c><c r="F2" t="str"><v>Cash</v></c></row>';
    expect((await readBytes(zipOf(xlsxParts(sheet)))).rows[0]![4]).toBe('Ac me_x0041_');
  });
});
