import { describe, expect, test } from '@jest/globals';
import * as XLSX from 'xlsx';
import { bookOf, HEADING_ROW, HEADINGS, readBytes, xlsxParts, zipOf } from '../../support/workbooks.js';

const cell = (address: string, text: string): string => `<c r="${address}" t="inlineStr"><is><t>${text}</t></is></c>`;
const row = (number: number | string, account = cell(`B${number}`, 'CL-1')): string =>
  `<row r="${number}">${cell(`A${number}`, '2024-01-31')}${account}${cell(`C${number}`, 'A1')}${cell(`D${number}`, 'Acme')}<c r="E${number}"><v>1</v></c>${cell(`F${number}`, 'Cash')}</row>`;
const reading = async (data: string, more: Parameters<typeof xlsxParts>[1] = {}): Promise<unknown> => (await readBytes(zipOf(xlsxParts(HEADING_ROW + data, more)))).rows;
const refused = async (data: string, message: RegExp, more: Parameters<typeof xlsxParts>[1] = {}): Promise<void> =>
  expect(reading(data, more)).rejects.toMatchObject({ code: expect.stringMatching(/^(malformed|hostile)$/u), message: expect.stringMatching(message) });

describe('a sheet in which it is anybody\'s guess where a cell belongs is refused:', () => {
  test('this one is sound', async () => expect(await reading(row(2))).toHaveLength(1));
  test('a row within a row', async () => refused(`<row r="2">${row(3)}</row>`, /row 2 has a row in it/u));
  test('a cell outside of the rows', async () => refused(`${row(2)}${cell('A3', 'x')}`, /outside of its rows, behind row 2/u));
  test('rows in two places', async () => refused(`${row(2)}</sheetData><sheetData>${row(3)}`, /rows in two places/u));
});

describe('a cell in which it is anybody\'s guess what its value is refuses the file:', () => {
  const account = (inner: string, type = ''): string => row(2, `<c r="B2"${type}>${inner}</c>`);
  test('two values', async () => refused(account('<v>1</v><v>2</v>'), /more in it than one value/u));
  test('a value in pieces', async () => refused(account('<v>1<x>2</x>3</v>'), /more in it than one value/u));
  test('two texts', async () => refused(account('<is><t>a</t></is><is><t>b</t></is>', ' t="inlineStr"'), /more in it than one value/u));
  test('a cell within a cell', async () => refused(account('<c><v>1</v></c>'), /more in it than one value/u));
  test('a text of two pieces that are no runs', async () => refused(account('<is><t>a</t><t>b</t></is>', ' t="inlineStr"'), /two texts where one is due, behind "a"/u));
  test('a run of two pieces, also among the shared texts', async () => {
    await refused(account('<v>0</v>', ' t="s"'), /two texts where one is due/u, { strings: '<si><r><t>a</t><t>b</t></r></si>' });
    await refused(account('<v>0</v>', ' t="s"'), /two texts where one is due/u, { strings: '<si><t>a</t><r><t>b</t></r></si>' });
  });
  test('a shared text within another', async () => refused(account('<v>0</v>', ' t="s"'), /shared text within another/u, { strings: '<si><t>a</t><si><t>b</t></si></si>' }));
});

test('texts in runs and those with phonetic hints are read whole, hints left out', async () => {
  const strings = '<si><r><rPr/><t>Ac</t></r><r><t>me</t></r><rPh sb="0" eb="1"><t>hint</t></rPh><phoneticPr/></si>';
  expect(await reading(row(2, '<c r="B2" t="s"><v> 0 </v></c>'), { strings })).toEqual([expect.arrayContaining(['Acme', 'A1'])]);
});

test.each(['0x2', '2e0', '+2', '2.0', ' 2', ''])('"%s" is no row number, in a row or in the address of a cell', async (number) => {
  await refused(row(number), /comes behind row/u);
  await refused(`<row r="2">${cell(`A${number}`, 'x')}</row>`, /has a cell with the address/u);
});

test.each(['0x0', '0e0', '-0', '0.0', ''])('"%s" is no index of a shared text', async (index) => {
  await refused(row(2, `<c r="B2" t="s"><v>${index}</v></c>`), /shared text/u, { strings: '<si><t>a</t></si>' });
});

test('a number format that a workbook does not have is not taken from one that was read before', async () => {
  await readBytes(bookOf([HEADINGS, ['2024-01-31', 'CL-1', 'A1', 'Acme', 1, 'Cash']], 'xlsb', (sheet) => { sheet['E2'] = { t: 'n', v: 1, z: '"FOREIGN-"000' }; }));
  const left = Object.entries((XLSX.SSF as { get_table(): Record<string, string> }).get_table()).find(([, code]) => code === '"FOREIGN-"000');
  const styles = `<cellXfs><xf/><xf numFmtId="${left![0]}"/></cellXfs>`;
  expect(await reading(row(2, '<c r="B2" s="1"><v>7</v></c>'), { styles })).toEqual([expect.arrayContaining(['7', 'A1'])]);
});
