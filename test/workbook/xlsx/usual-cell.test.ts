import { describe, expect, test } from '@jest/globals';
import { NUMBER, SHARED, TEXT } from '../../../src/workbook/xlsx/packed.js';
import { PlainXml, ROOM, UNUSUAL } from '../../../src/workbook/xlsx/plain.js';
import { UsualCell } from '../../../src/workbook/xlsx/usual-cell.js';

/** Scans a cell of row 12; what was found of it, or that it is unusual. */
function scanned(cell: string, row = '12'): unknown {
  const bytes = Buffer.from(`${row}${cell}<c ${'\0'.repeat(ROOM)}`);
  const xml = new PlainXml();
  const usual = new UsualCell(xml);
  xml.turnTo(bytes);
  usual.turnTo(bytes);
  usual.turnToRow(0, row.length);
  const end = usual.read(row.length);
  if (end === UNUSUAL) return 'unusual';
  expect(bytes.toString('utf8', 0, end)).toBe(row + cell);
  return [usual.column, usual.style, usual.kind, bytes.toString('utf8', usual.start, usual.end)];
}

describe('a cell as spreadsheet programs write it', () => {
  test.each([
    ['<c r="A12"><v>7</v></c>', [0, -1, NUMBER, '7']],
    ['<c r="Z12" s="3"><v>-12.50</v></c>', [25, 3, NUMBER, '-12.50']],
    ['<c r="AA12" t="s"><v>41</v></c>', [26, -1, SHARED, '41']],
    ['<c r="XFD12" s="012" t="s"><v>0</v></c>', [16_383, 12, SHARED, '0']],
    ['<c r="B12" t="inlineStr"><is><t>Acme &amp; Sons</t></is></c>', [1, -1, TEXT, 'Acme &amp; Sons']],
    ['<c r="B12" s="1" t="inlineStr"><is><t xml:space="preserve"> Ünï </t></is></c>', [1, 1, TEXT, ' Ünï ']],
  ])('%s is scanned', (cell, found) => {
    expect(scanned(cell)).toEqual(found);
  });

  test.each([
    '<c><v>7</v></c>', '<c r="12"><v>7</v></c>', '<c r="A"><v>7</v></c>', '<c r="A1"><v>7</v></c>', '<c r="A123"><v>7</v></c>', '<c r="a12"><v>7</v></c>',
    '<c r="AAAA12"><v>7</v></c>', '<c r="A012"><v>7</v></c>', '<c r="A12" ><v>7</v></c>', '<c s="1" r="A12"><v>7</v></c>', "<c r='A12'><v>7</v></c>",
    '<c r="A12" s=""><v>7</v></c>', '<c r="A12" s="x"><v>7</v></c>', '<c r="A12" s="4294967297"><v>7</v></c>', '<c r="A12" s="1" s="1"><v>7</v></c>',
    '<c r="A12" t="str"><v>7</v></c>', '<c r="A12" t="n"><v>7</v></c>', '<c r="A12" t="s" cm="1"><v>7</v></c>', '<c r="A12"/>', '<c r="A12"></c>',
    '<c r="A12"><v></v></c>', '<c r="A12"><v>1E5</v></c>', '<c r="A12"><v> 7</v></c>', '<c r="A12"><f>B1</f><v>7</v></c>', '<c r="A12"><v>7</v> </c>',
    '<c r="A12" t="inlineStr"><is><r><t>a</t></r></is></c>', '<c r="A12" t="inlineStr"><is><t>&#65;</t></is></c>', '<c r="A12" t="inlineStr"><is><t a="1">a</t></is></c>',
    '<cell r="A12"><v>7</v></cell>', '<c r="A12"><v>7',
  ])('%s is unusual', (cell) => {
    expect(scanned(cell)).toBe('unusual');
  });

  test('is unusual in a row that has no number of its own', () => {
    expect(scanned('<c r="A"><v>7</v></c>', '')).toBe('unusual');
  });
});
