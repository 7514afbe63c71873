/** Cells that were made one: rows from 1, columns from 0, both ends included. */
export interface Merge {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The cells below the headings that lie under merged ones. Only the first of merged cells has the value that people
 * see: what a file holds in the others, left there by a copied format, does not count.
 */
export class Covered {
  private readonly spans: readonly (readonly Span[])[];
  private readonly next: number[];

  /** `columns` are those of the sheet that are read, `headingRow` the row above which nothing is. */
  constructor(merges: readonly Merge[], columns: readonly number[], headingRow: number) {
    this.spans = columns.map((column) => merges
      .filter(({ left, right, bottom }) => left <= column && column <= right && bottom > headingRow)
      .map(({ top, left, bottom }) => ({ from: left === column ? top + 1 : top, to: bottom }))
      .filter(({ from, to }) => from <= to)
      .sort((one, other) => one.from - other.from));
    this.next = columns.map(() => 0);
  }

  /** Whether there are no such cells. */
  get isEmpty(): boolean {
    return this.spans.every(({ length }) => length === 0);
  }

  /** Whether the cell of a row lies under another, in the column at an index. Rows must be asked for in ascending order. */
  has(index: number, row: number): boolean {
    const spans = this.spans[index]!;
    while (this.next[index]! < spans.length && spans[this.next[index]!]!.to < row) this.next[index]! += 1;
    const span = spans[this.next[index]!];
    return span !== undefined && span.from <= row;
  }
}
