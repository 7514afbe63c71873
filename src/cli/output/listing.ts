import type { ColumnKind, Value } from '../../template.js';

/** A column of an answer: its name for programs, its heading for people. */
export interface OutputColumn {
  readonly name: string;
  readonly heading: string;
  /** What its values are; `number` is a whole number, `text` is prose. */
  readonly kind: ColumnKind | 'number' | 'text';
}

export type Row = readonly Value[];

/** An answer as columns and rows, whatever form it is given in. Rows come as they are asked for, however many. */
export interface Listing {
  readonly title: string;
  readonly columns: readonly OutputColumn[];
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  /** What a person is told where there are no rows. */
  readonly none: string;
}

/** The first rows, up to `count`, and all of them once more from the start. */
export async function peek<T>(rows: Iterable<T> | AsyncIterable<T>, count: number): Promise<{ first: T[]; all: AsyncGenerator<T> }> {
  const source = iterate(rows);
  const first: T[] = [];
  while (first.length < count) {
    const next = await source.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return { first, all: rejoined(first, source) };
}

async function* rejoined<T>(first: readonly T[], rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}

async function* iterate<T>(rows: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void> {
  yield* rows;
}
