import { Folder, readFileRows, workbookBytes } from './books.js';
import { good, HEADINGS } from './support.js';
import * as XLSX from 'xlsx';
import type { ReadSettings } from '../../src/config/settings.js';

let folder: Folder;
beforeAll(async () => { folder = await Folder.make(); });
afterAll(async () => folder.remove());

type Change = (book: XLSX.WorkBook, sheet: XLSX.WorkSheet) => void;

async function read(rows: readonly unknown[][], changes: Partial<ReadSettings> = {}, change?: Change): ReturnType<typeof readFileRows> {
  return readFileRows(await folder.file('book.xlsb', workbookBytes('xlsb', rows, change)), changes);
}

const refusal = (code: string, message: RegExp): unknown => expect.objectContaining({ code, message: expect.stringMatching(message) as string });
const addSheet = (name: string, rows: readonly unknown[][]): Change => (book) => XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows as unknown[][]), name);

describe('the headings', () => {
  test('are the first row within the first 20 that holds all six', async () => {
    const rows = [['Report'], [], ['Amount', 'Term'], HEADINGS, good()];
    expect((await read(rows)).rows.map(({ row }) => row)).toEqual([5]);
    const blank = Array.from({ length: 19 }, () => ['x']);
    expect((await read([...blank, HEADINGS, good()])).rows.map(({ row }) => row)).toEqual([21]);
    await expect(read([...blank, ['x'], HEADINGS, good()])).rejects.toEqual(refusal('headings', /lacks the headings "Effective Date".* in its first 20 rows; found "x"/u));
  });

  test('may stand in any order and anywhere in their row', async () => {
    const { rows } = await read([[undefined, ...[...HEADINGS].reverse()], [undefined, ...[...good()].reverse()]]);
    expect(rows[0]!.values).toEqual(good());
  });

  test('are compared without case, white space, line breaks and compatibility forms', async () => {
    const spelled = [' effective\u00a0 DATE', 'Client\nAccount', 'EXTERNAL REFERENCE\u200b', 'Ｃｏｍｐａｎｙ Name', 'amount ', '\tterm'];
    expect((await read([spelled, good()])).rows).toHaveLength(1);
  });

  test('have the other spellings that the settings list', async () => {
    const german = ['Stichtag', 'Konto', ...HEADINGS.slice(2)];
    await expect(read([german, good()])).rejects.toEqual(refusal('headings', /lacks the headings "Effective Date", "Client Account" in row 1/u));
    const headings = { effective_date: ['STICHTAG'], client_account: ['Kundenkonto', 'konto'] } as unknown as ReadSettings['headings'];
    expect((await read([german, good()], { headings })).rows).toHaveLength(1);
  });

  test('that lack one refuse the file and list what was found', async () => {
    await expect(read([HEADINGS.filter((name) => name !== 'Amount'), good()])).rejects.toEqual(
      refusal('headings', /^sheet "Sheet1" lacks the heading "Amount" in row 1, .*; found "Effective Date", "Client Account", "External Reference", "Company Name", "Term"; nothing was loaded$/u));
  });

  test('that are there twice refuse the file, under another spelling too', async () => {
    await expect(read([[...HEADINGS, 'AMOUNT'], good()])).rejects.toEqual(refusal('headings', /row 1 has the heading "Amount" more than once \(columns E and G\); found "Effective Date"/u));
    const headings = { amount: ['Betrag'] } as unknown as ReadSettings['headings'];
    await expect(read([[...HEADINGS, 'Betrag'], good()], { headings })).rejects.toEqual(refusal('headings', /"Amount" more than once/u));
  });

  test('that are not read are ignored with a notice, even twice and even named like JavaScript’s own', async () => {
    const { rows, summary } = await read([[...HEADINGS, 'Notes', 'Notes', '__proto__'], [...good(), 1, 2, 3]]);
    expect(rows[0]!.values).toEqual(good());
    expect(summary.notices).toEqual(['columns not read: "Notes", "Notes", "__proto__"']);
  });

  test('without rows below them are refused', async () => {
    await expect(read([HEADINGS])).rejects.toEqual(refusal('no-rows', /^sheet "Sheet1" has no rows below its headings in row 1/u));
    await expect(read([HEADINGS, [' ', '', '\u00a0'], ['', '', '', '', '', '', 'a note']])).rejects.toEqual(refusal('no-rows', /no rows/u));
  });
});

describe('the sheet', () => {
  const hidden = (index: number): Change => (book) => { book.Workbook = { Sheets: book.SheetNames.map((name, at) => ({ name, Hidden: at === index ? 1 : 0 })) }; };

  test('is the first visible one', async () => {
    const { summary } = await read([['hidden']], {}, (book, sheet) => { addSheet('Data', [HEADINGS, good()])(book, sheet); hidden(0)(book, sheet); });
    expect(summary.sheet).toBe('Data');
  });

  test('is the one named in the settings, hidden or not', async () => {
    const change: Change = (book, sheet) => { addSheet('Data', [HEADINGS, good()])(book, sheet); hidden(1)(book, sheet); };
    expect((await read([['x']], { sheet: ' data' }, change)).summary.sheet).toBe('Data');
  });

  test('that the settings name and the workbook lacks refuses it and names those there are', async () => {
    await expect(read([HEADINGS, good()], { sheet: 'Data' }, addSheet('More', []))).rejects.toEqual(refusal('no-sheet', /^expected a sheet "Data", found "Sheet1", "More"/u));
  });

  test('without the headings is refused with the names of the sheets that have them', async () => {
    const change: Change = (book, sheet) => { addSheet('Data', [[], HEADINGS, good()])(book, sheet); addSheet('Other', [['x']])(book, sheet); };
    await expect(read([['x']], {}, change)).rejects.toEqual(refusal('headings', /sheets that have them all: "Data": put that one first/u));
  });

  test('may be empty: that is a refusal like any other', async () => {
    await expect(read([])).rejects.toEqual(refusal('headings', /found nothing/u));
  });
});

test('rows behind an empty one are read, and hidden ones with a notice', async () => {
  const { rows, summary } = await read([HEADINGS, good(), [], [], good({ amount: 2 })], {}, (_, sheet) => { sheet['!rows'] = [{}, {}, {}, {}, { hidden: true }]; });
  expect(rows.map(({ row }) => row)).toEqual([2, 5]);
  expect(summary.notices).toEqual(['1 hidden row counts like the others']);
});
