import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as XLSX from 'xlsx';
import { Covered, type Merge } from '../../src/workbook/merged.js';
import { readWorkbook } from '../../src/workbook/read.js';
import { bookOf, HEADING_ROW, HEADINGS, inlineRow, readBytes, xlsxParts, zipOf, type Part } from '../support/workbooks.js';
import { Folder } from './books.js';
import { parseChunk, settings } from './support.js';

const ROWS = [
  ['2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash'],
  ['2022-01-28', 'CL-1', 'A2', 'Acme', 2, 'Cash'],
  ['2022-01-28', 'CL-1', 'A3', 'Bolt', 3, 'Cash'],
];

/** A workbook in which cells are merged, with the values of all of them still in it. */
function merged(kind: XLSX.BookType, ...ranges: string[]): Buffer {
  return bookOf([HEADINGS, ...ROWS], kind, (sheet) => { sheet['!merges'] = ranges.map((range) => XLSX.utils.decode_range(range)); });
}

describe.each(['xlsx', 'xlsb', 'biff8'] as const)('merged cells in %s', (kind) => {
  test('have the value of the first; what the others still hold does not count', async () => {
    const { rows, summary } = await readBytes(merged(kind, 'E2:E4', 'D3:D4'));
    expect(rows.map((row) => row.slice(4, 8))).toEqual([
      ['Acme', 1, 'Cash', null], ['Acme', null, 'Cash', null],
      [null, null, 'Cash', 'sheet "Sheet1" row 4, Company Name: expected a value, found an empty cell; row not loaded'],
    ]);
    expect(summary).toMatchObject({ rows: 3, failed: 1 });
  });

  test('over several columns have it in the first of the first row', async () => {
    expect((await readBytes(merged(kind, 'C2:D3'))).rows.map((row) => row.slice(3, 5))).toEqual([['A1', null], [null, null], ['A3', 'Bolt']]);
  });

  test('in or above the headings, or beside the columns, change nothing', async () => {
    const { rows } = await readBytes(merged(kind, 'A1:A1', 'H1:J1', 'G2:G4'));
    expect(rows.map((row) => row[7])).toEqual([null, null, null]);
  });
});

describe('an .xlsx workbook', () => {
  const parts = (after: string): Part[] => xlsxParts(HEADING_ROW + [2, 3].map((row) => inlineRow(row, ['2022-01-28', 'CL-1', `A${row}`, 'Acme', '1', 'Cash'])).join(''))
    .map((part) => (part.name.endsWith('sheet1.xml') ? { ...part, text: String(part.text).replace('</sheetData>', `</sheetData>${after}`) } : part));

  test('with merged cells among its rows is read anew from its first chunk on', async () => {
    const folder = await Folder.make();
    const path = await folder.file('a.xlsx', zipOf(parts('<mergeCells count="1"><mergeCell ref="E2:E3"/></mergeCells>')));
    const chunks: unknown[] = [];
    await readWorkbook(path, settings(), { alive: () => undefined, chunk: async ({ restarts, json }) => { chunks.push([restarts, parseChunk(json).map(({ values }) => values[4])]); } });
    expect(chunks).toEqual([[true, [1, null]]]);
    await folder.remove();
  });

  test('whose merged cells have no addresses is refused', async () => {
    await expect(readBytes(zipOf(parts('<mergeCells><mergeCell ref="E2:"/></mergeCells>')))).rejects.toMatchObject({ code: 'malformed', message: expect.stringContaining('merged cells "E2:"') });
    expect((await readBytes(zipOf(parts('<mergeCells><mergeCell ref="E2"/></mergeCells>')))).rows).toHaveLength(2);
  });
});

test('cells are covered as drawing every range by hand says, whatever the ranges', () => {
  const at = fc.nat({ max: 7 });
  const merges = fc.array(fc.tuple(at, at, at, at).map(([a, b, c, d]): Merge => ({ top: Math.min(a, b) + 1, bottom: Math.max(a, b) + 1, left: Math.min(c, d), right: Math.max(c, d) })), { maxLength: 6 });
  fc.assert(fc.property(merges, fc.nat({ max: 3 }), (ranges, headingRow) => {
    const columns = [5, 0, 3];
    const covered = new Covered(ranges, columns, headingRow);
    for (let row = headingRow + 1; row <= 9; row += 1) {
      const expected = columns.map((column) => ranges.some(({ top, left, bottom, right }) =>
        top <= row && row <= bottom && left <= column && column <= right && !(row === top && column === left)));
      expect(columns.map((_, index) => covered.has(index, row))).toEqual(expected);
    }
  }));
});
