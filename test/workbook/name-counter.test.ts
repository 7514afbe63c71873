import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Names } from '../../src/named.js';
import { TEMPLATE } from '../../src/template.js';
import type { Cell } from '../../src/workbook/cell.js';
import { RowStager, type RowChunk } from '../../src/workbook/rows.js';
import { number, parseChunk, settings, text } from './support.js';

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 40) * 5;
const HEADINGS = { row: 1, columns: TEMPLATE.map((_, index) => index), width: TEMPLATE.length, ignored: [] };

/** Stages rows of cells, in chunks of so many. */
function chunksOf(rows: readonly (readonly (Cell | undefined)[])[], size: number): RowChunk[] {
  const stager = new RowStager('Sheet1', HEADINGS, settings(), 1900);
  const chunks: RowChunk[] = [];
  for (const [index, cells] of rows.entries()) {
    stager.add({ number: index + 2, hidden: false, cells });
    const chunk = (index + 1) % size === 0 ? stager.flush() : undefined;
    if (chunk !== undefined) chunks.push(chunk);
  }
  const last = stager.flush();
  return last === undefined ? chunks : [...chunks, last];
}

function namedIn(chunks: readonly RowChunk[]): unknown[] {
  const names = new Names();
  for (const { named } of chunks) names.add(named);
  return names.all();
}

/** The same, counted row by row from what is to be staged. */
function counted(chunks: readonly RowChunk[]): unknown[] {
  const counts = new Map<string, { account: unknown; date: unknown; total: number; failed: number; items: number }>();
  for (const { values: [date, account, reference], error } of chunks.flatMap(({ json }) => parseChunk(json))) {
    const key = JSON.stringify([account, date]);
    const before = counts.get(key) ?? { account, date, total: 0, failed: 0, items: 0 };
    counts.set(key, { ...before, total: before.total + 1, failed: before.failed + Number(error !== null), items: before.items + Number(reference !== null) });
  }
  return [...counts.values()];
}

const good = (date: string, account: string, reference = 'R-1'): Cell[] => [text(date), text(account), text(reference), text('Acme'), number(1), text('Cash')];

describe('what the rows of a file name', () => {
  test('is counted by account and date while they are read, in their order', () => {
    const rows = [good('2024-01-31', 'CL-1'), good('2024-01-31', 'CL-1'), good('2024-02-29', 'CL-1'), good('2024-01-31', 'CL-10'), good('2024-01-31', 'CL-1')];
    expect(namedIn(chunksOf(rows, 2))).toEqual([
      { account: 'CL-1', date: '2024-01-31', total: 3, failed: 0, items: 3 }, { account: 'CL-1', date: '2024-02-29', total: 1, failed: 0, items: 1 },
      { account: 'CL-10', date: '2024-01-31', total: 1, failed: 0, items: 1 },
    ]);
  });

  test('is nothing where that could not be read, and a row may name no item', () => {
    const rows = [[text('soon'), ...good('', 'CL-1').slice(1)], [...good('2024-01-31', 'CL-1').slice(0, 2), undefined, ...good('', '').slice(3)], good('2024-01-31', 'CL-1')];
    expect(namedIn(chunksOf(rows, 9))).toEqual([
      { account: 'CL-1', date: null, total: 1, failed: 1, items: 1 }, { account: 'CL-1', date: '2024-01-31', total: 2, failed: 1, items: 1 },
    ]);
  });

  test('is what lies in the staged rows, whatever those are', () => {
    const cell = (...known: string[]) => fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...known).map(text) }, { weight: 1, arbitrary: fc.constant(undefined) });
    const row = fc.tuple(
      cell('2024-01-31', '2024-02-29', 'soon'), cell('CL-1', 'CL-10', 'a"b', 'a\\', '\\"', 'null', 'Ünï', '日本', '", "'), cell('R-1', 'null', 'n'),
      cell('Acme'), fc.constantFrom(number(1), text('n/a')), cell('Cash'),
    );
    fc.assert(fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 1, max: 10 }), (rows, size) => {
      const chunks = chunksOf(rows, size);
      expect(namedIn(chunks)).toEqual(counted(chunks));
    }), { numRuns: RUNS });
  });
});
