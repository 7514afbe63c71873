import type * as XLSX from 'xlsx';
import { Folder, readFileRows, workbookBytes } from './books.js';
import { good, HEADINGS } from './support.js';

let folder: Folder;
beforeAll(async () => { folder = await Folder.make(); });
afterAll(async () => folder.remove());

const read = async (bookType: XLSX.BookType, rows: readonly unknown[][], change?: Parameters<typeof workbookBytes>[2]): ReturnType<typeof readFileRows> =>
  readFileRows(await folder.file(`book.${bookType}`, workbookBytes(bookType, rows, change)));

describe.each([['biff8', '.xls workbook'], ['xlsb', '.xlsb workbook'], ['ods', '.ods workbook']] as const)('a workbook of kind %s', (bookType, kind) => {
  test('is read into rows', async () => {
    const { rows, summary } = await read(bookType, [HEADINGS, good({ company_name: 'Müller 漢字' }), good({ amount: -0.0001 })]);
    expect(rows.map(({ values }) => values)).toEqual([good({ company_name: 'Müller 漢字' }), good({ amount: -0.0001 })]);
    expect(summary).toEqual({ kind, sheet: 'Sheet1', rows: 2, failed: 0, notices: [] });
  });

  test('has dates in either date system, whatever the time zone', async () => {
    for (const date1904 of [false, true]) {
      const { rows } = await read(bookType, [HEADINGS, good()], (book, sheet) => {
        sheet['A2'] = { t: 'n', v: 45322 - (date1904 ? 1462 : 0), z: bookType === 'ods' ? 'yyyy/mm/dd' : 'yyyy-mm-dd' };
        book.Workbook = { WBProps: { date1904 } };
      });
      expect(rows[0]!.values[0]).toBe('2024-01-31');
    }
  });

  test('has identifiers with the leading zeros of their format, and fails changed ones', async () => {
    const { rows } = await read(bookType, [HEADINGS, good(), good(), good()], (_, sheet) => {
      sheet['B2'] = { t: 'n', v: 42, z: '00000' };
      sheet['B3'] = { t: 'n', v: 1234567890123456 };
      sheet['B4'] = { t: 'n', v: 12.5 };
    });
    expect(rows.map(({ values }) => values[1])).toEqual(['00042', null, null]);
  });

  test('counts formulas by their cached values, an empty string is empty', async () => {
    const { rows } = await read(bookType, [HEADINGS, good()], (_, sheet) => {
      sheet['E2'] = { t: 'n', v: 3, f: '1+2' };
      sheet['D2'] = { t: 's', v: 'Acme', f: '"Ac"&"me"' };
    });
    expect(rows[0]!.values).toEqual(good({ amount: 3 }));
  });

  test('that is cut off is refused, never read in part', async () => {
    const bytes = workbookBytes(bookType, [HEADINGS, ...Array.from({ length: 300 }, (_, index) => good({ external_reference: `R-${index}` }))]);
    for (const share of [0.3, 0.6, 0.9]) {
      const path = await folder.file('cut', bytes.subarray(0, Math.floor(bytes.length * share)));
      await expect(readFileRows(path)).rejects.toEqual(expect.objectContaining({ name: 'IngestError' }));
    }
  });
});

test.each(['biff8', 'xlsb'] as const)('%s: errors and logical values fail', async (bookType) => {
  const { rows } = await read(bookType, [HEADINGS, good(), good()], (_, sheet) => {
    sheet['E2'] = { t: 'e', v: 42, w: '#N/A' };
    sheet['D3'] = { t: 'b', v: true };
  });
  expect(rows.map(({ error }) => error)).toEqual([
    'sheet "Sheet1" row 2, Amount: expected a number, found the error #N/A; row not loaded',
    'sheet "Sheet1" row 3, Company Name: expected text, found the logical value TRUE; row not loaded',
  ]);
});

test('texts of the time before Excel 97 are read in their code page', async () => {
  const bytes = workbookBytes('biff5', [HEADINGS, good({ company_name: 'Mxller y' })]);
  const at = bytes.indexOf('Mxller y');
  bytes[at + 1] = 0xfc;
  bytes[at + 7] = 0x80;
  expect((await readFileRows(await folder.file('old.xls', bytes))).rows[0]!.values[3]).toBe('Müller €');
});
