import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as XLSX from 'xlsx';
import { defaults } from '../support/world.js';
import { bookOf, HEADING_ROW, HEADINGS, inlineRow, readBytes, xlsxParts, zipOf, type Part } from '../support/workbooks.js';

const GOOD = ['2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash'];
const EXPECTED = ['2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash', null, null, null];
const limits = (changes: object): object => ({ limits: { ...defaults().limits, ...changes } });
const refused = async (bytes: Buffer | string, code: string, message: RegExp, changes: object = {}): Promise<void> =>
  expect(readBytes(bytes, changes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

describe('a file', () => {
  test('of every kind gives the same rows, told by its content', async () => {
    for (const kind of ['xlsx', 'xlsm', 'xls', 'xlsb', 'ods', 'csv'] as const) {
      const { rows } = await readBytes(bookOf([HEADINGS, GOOD], kind));
      expect([kind, ...rows.map((row) => row.slice(1))]).toEqual([kind, EXPECTED]);
    }
  });

  test('that is no workbook is refused by its real kind', async () => {
    await refused('', 'empty-file', /is empty/u);
    await refused('<!DOCTYPE html><html></html>', 'wrong-kind', /is an HTML page/u);
    await refused('%PDF-1.7', 'wrong-kind', /is a PDF document/u);
    await refused(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'wrong-kind', /is a picture/u);
    await refused(zipOf([{ name: 'a.txt', text: 'a' }]), 'wrong-kind', /is a zip archive/u);
    await refused(Buffer.from([0, 1, 2, 3]), 'wrong-kind', /of no kind that is known/u);
  });

  test('with a password is refused with what to do', async () => {
    const container = XLSX.CFB.utils.cfb_new();
    XLSX.CFB.utils.cfb_add(container, 'EncryptedPackage', Buffer.from('secret'));
    await refused(XLSX.CFB.write(container, { type: 'buffer' }) as Buffer, 'password-protected', /save it without a password/u);
  });

  test('that is too large for its kind says how to send it', async () => {
    await refused(Buffer.from(`${HEADINGS.join(',')}\n${'x'.repeat(1_100_000)}`), 'too-large', /save it as \.xlsx/u, limits({ otherFileMiB: 1 }));
  });
});

describe('headings', () => {
  test('may stand in any of the first 20 rows, in any order, case and spacing, other columns beside them', async () => {
    const { rows, summary } = await readBytes(bookOf([['Report'], [], [' term', 'AMOUNT', 'Remark', 'company\nname', 'External  Reference', 'Client Account', 'effective date'], ['Cash', 1, 'x', 'Acme', 'A1', 'CL-1', '2022-01-28']]));
    expect(rows.map((row) => row.slice(0, 7))).toEqual([[4, '2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash']]);
    expect(summary.notices.join()).toContain('Remark');
  });

  test('that are missing or doubled refuse the file and say what was found', async () => {
    await refused(bookOf([HEADINGS.slice(0, 5), GOOD]), 'headings', /"Term".*found "Effective Date"/u);
    await refused(bookOf([[...HEADINGS, 'Term'], GOOD]), 'headings', /"Term"/u);
  });

  test('may have other spellings in the settings', async () => {
    const { rows } = await readBytes(bookOf([['Stichtag', ...HEADINGS.slice(1)], GOOD]), { headings: { ...defaults().headings, effective_date: ['Stichtag'] } });
    expect(rows).toHaveLength(1);
  });

  test('on another sheet are named where the first visible sheet lacks them', async () => {
    await refused(bookOf([['nothing here']], 'xlsx', (_, book) => XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([HEADINGS, GOOD]), 'Data')), 'headings', /"Data"/u);
  });
});

describe('rows', () => {
  test('that are empty are skipped and are not the end; numbers are the sheet\'s; hidden rows count with a notice', async () => {
    const { rows, summary } = await readBytes(bookOf([HEADINGS, GOOD, [], ['', ' '], GOOD], 'xlsx', (sheet) => { sheet['!rows'] = [{}, { hidden: true }]; }));
    expect(rows.map(([number]) => number)).toEqual([2, 5]);
    expect(summary.notices.join()).toContain('hidden');
  });

  test('have to be there', async () => refused(bookOf([HEADINGS]), 'no-rows', /no rows/u));

  test('come from the first visible sheet, or from the one that the settings name', async () => {
    const book = bookOf([HEADINGS, GOOD], 'xlsx', (_, workbook) => {
      XLSX.utils.book_append_sheet(workbook, XLSX.utils.aoa_to_sheet([HEADINGS, GOOD, GOOD]), 'Second');
      workbook.Workbook = { Sheets: [{ Hidden: 1 }, { Hidden: 0 }] };
    });
    expect((await readBytes(book)).summary).toMatchObject({ sheet: 'Second', rows: 2 });
    expect((await readBytes(book, { sheet: 'Sheet1' })).summary).toMatchObject({ sheet: 'Sheet1', rows: 1 });
    await refused(book, 'no-sheet', /"Third"/u, { sheet: 'Third' });
  });
});

describe('CSV', () => {
  test('takes the delimiter that makes the headings fit, quotes, and UTF-16 with its mark', async () => {
    const lines = (delimiter: string): string => `${HEADINGS.join(delimiter)}\r\n2022-01-28${delimiter}CL-1${delimiter}A1${delimiter}"Ac""me${delimiter} Ltd"${delimiter}1${delimiter}Cash\r\n`;
    for (const delimiter of [',', ';', '\t']) expect((await readBytes(lines(delimiter))).rows[0]![4]).toContain('Ac"me');
    expect((await readBytes(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(lines(';'), 'utf16le')]))).rows).toHaveLength(1);
  });

  test('in another encoding, or with a quote that never closes, is refused', async () => {
    await refused(Buffer.from(`${HEADINGS.join(',')}\n2022-01-28,CL-1,A1,M\xfcller,1,Cash\n`, 'latin1'), 'wrong-kind', /UTF-8/u);
    await refused(`${HEADINGS.join(',')}\n2022-01-28,"CL-1`, 'malformed', /quote/u);
  });
});

describe('a hostile .xlsx', () => {
  const row = inlineRow(2, ['2022-01-28', 'CL-1', 'A1', 'Acme', '1', 'Cash']);
  const parts = (data = HEADING_ROW + row, change: (part: Part) => Part = (part) => part): Part[] => xlsxParts(data).map(change);
  const onSheet = (change: (part: Part) => Part) => (part: Part): Part => (part.name.endsWith('sheet1.xml') ? change(part) : part);

  test('is built on this sound one', async () => expect((await readBytes(zipOf(parts()))).rows).toHaveLength(1));

  test('is refused where a part declares a document type or entities', async () => {
    const bomb = parts(undefined, onSheet((part) => ({ ...part, text: `<!DOCTYPE x [<!ENTITY a "b">]>${String(part.text)}` })));
    await refused(zipOf(bomb), 'hostile', /document type/u);
  });

  test('is refused where a checksum, a size or an entity is a lie', async () => {
    await refused(zipOf(parts(undefined, onSheet((part) => ({ ...part, crc: 1 })))), 'malformed', /checksum|CRC/iu);
    await refused(zipOf(parts(undefined, onSheet((part) => ({ ...part, size: 10 })))), 'malformed', /sheet1\.xml/u);
  });

  test('is refused where it is cut off or its XML is', async () => {
    const bytes = zipOf(parts());
    await refused(bytes.subarray(0, bytes.length - 30), 'malformed', /damaged or cut off/u);
    await refused(zipOf(parts(undefined, onSheet((part) => ({ ...part, text: String(part.text).slice(0, -20) })))), 'malformed', /sheet1\.xml/u);
  });

  test('is refused where parts are encrypted, doubled, too many, or too large once inflated', async () => {
    await refused(zipOf(parts(undefined, (part) => ({ ...part, flags: 1 }))), 'password-protected', /without a password/u);
    await refused(zipOf([...parts(), parts()[6]!]), 'hostile', /twice/u);
    await refused(zipOf(parts()), 'hostile', /parts/u, limits({ entries: 3 }));
    const bomb = parts(HEADING_ROW + row + ' '.repeat(3_000_000));
    await refused(zipOf(bomb), 'zip-bomb', /bomb/u, limits({ entryMiB: 1, entryRatio: 10 }));
    await refused(zipOf(bomb), 'too-large', /inflates past/u, limits({ inflatedMiB: 1 }));
  });

  test('is refused where addresses go backwards or a shared text does not exist', async () => {
    await refused(zipOf(parts(HEADING_ROW + inlineRow(3, ['a']) + inlineRow(2, ['b']))), 'hostile', /row 2 comes behind row 3/u);
    await refused(zipOf(parts(`${HEADING_ROW}<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>`)), 'hostile', /A2/u);
    await refused(zipOf(parts(`${HEADING_ROW}<row r="2"><c r="A2" t="s"><v>7</v></c></row>`)), 'hostile', /shared text/u);
  });

  test('is refused where it has rows or columns beyond the limits, whatever its dimension says', async () => {
    await refused(zipOf(parts(`${HEADING_ROW}<row r="1048577"><c r="A1048577"><v>1</v></c></row>`)), 'too-large', /row 1048577/u);
    await refused(zipOf(parts(`${HEADING_ROW}<row r="2"><c r="XFE2"><v>1</v></c></row>`)), 'too-large', /columns/u);
    const { rows } = await readBytes(zipOf(parts(HEADING_ROW + row + inlineRow(1_048_576, ['2022-01-28', 'CL-1', 'A1', 'Acme', '1', 'Cash']))));
    expect(rows.map(([number]) => number)).toEqual([2, 1_048_576]);
  });

  test('is refused where it is nested too deep or a tag never ends', async () => {
    await refused(zipOf(parts(`${'<a>'.repeat(1_000)}${'</a>'.repeat(1_000)}`)), 'hostile', /nested/u);
    await refused(zipOf(parts(`<row a="${'x'.repeat(3_000_000)}"/>`)), 'hostile', /characters/u);
  });
});

describe('the two readers', () => {
  test('agree on sound workbooks, row by row', async () => {
    const cell = fc.oneof(fc.constant(null), fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -1e8, max: 1e8 }).map((number) => number / 1_000), fc.boolean(),
      fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('2022-01-28', 'Cash', ' x ', '<&>"\''));
    await fc.assert(fc.asyncProperty(fc.array(fc.array(cell, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 12 }), fc.boolean(), async (rows, shared) => {
      const book = XLSX.utils.book_new();
      XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([HEADINGS, GOOD, ...rows]), 'Sheet1');
      const [strict, other] = await Promise.all([
        readBytes(XLSX.write(book, { type: 'buffer', bookType: 'xlsx', bookSST: shared }) as Buffer),
        readBytes(XLSX.write(book, { type: 'buffer', bookType: 'xlsb' }) as Buffer),
      ]);
      expect(strict.rows).toEqual(other.rows);
    }), { numRuns: 60 });
  });
});
