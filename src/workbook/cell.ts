import type { Merge } from './merged.js';

/**
 * What a reader says of one cell, before any rule of the columns is applied to it.
 *
 * `text` is what the file holds: the characters of a text, the digits of a number as they are stored
 * (`1234.5600000000001`), `#N/A` of an error, `TRUE` or `FALSE` of a boolean, an ISO date of a date cell.
 */
export interface Cell {
  readonly type: 'text' | 'number' | 'boolean' | 'error' | 'date' | 'uncalculated';
  readonly text: string;
  /** The number format's code (`yyyy-mm-dd`, `00000`); undefined where it is General or the kind has none. */
  readonly format?: string | undefined;
}

/** A cell whose text is still bytes, UTF-8: most texts need never be strings on their way to the database. */
export interface PackedCell {
  /** `other` is to be unpacked: its text is not these bytes. */
  readonly type: 'text' | 'number' | 'other';
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly format: string | undefined;
  /**
   * Whether no rule of a column of texts, or of amounts, would change the bytes or refuse them, nor JSON escape them. Of a
   * text: letters up to U+023F, digits and signs, single spaces between them, neither `"` nor `\\`, `+` or `#`. Of a
   * number: as JavaScript writes it, with at most eleven digits before the point and four behind it.
   */
  readonly isClean: boolean;
  unpack(): Cell;
}

/** One row of a sheet: its number there, from 1, and its cells by column, from 0; empty cells are undefined. */
export interface SheetRow {
  readonly number: number;
  readonly hidden: boolean;
  readonly cells: readonly (Cell | undefined)[];
  /** The cell in a column, good until the next one is asked for. Rows whose cells are not packed leave it out. */
  packed?(column: number): PackedCell | undefined;
}

/** A sheet that is read row by row. */
export interface Sheet {
  readonly name: string;
  readonly visible: boolean;
  /**
   * Rows in the sheet's order, addresses ascending, some at a time; those without cells may be left out. Cells are good
   * until the next rows are asked for. Throws IngestError.
   */
  rows(): AsyncIterable<readonly SheetRow[]>;
  /** The merged cells, as far as they are known: in an .xlsx file they stand behind the rows. Kinds without leave it out. */
  merges?(): readonly Merge[];
}

/** An open workbook, whatever its kind. */
export interface Workbook {
  /** For messages: `.xlsx workbook`, `CSV file`. */
  readonly kind: string;
  /** Which of Excel's date systems its serial numbers count in. */
  readonly dateSystem: 1900 | 1904;
  /** How many bytes it was unpacked to, up to now. */
  bytes(): number;
  /** In the workbook's order. */
  readonly sheets: readonly Sheet[];
  close(): Promise<void>;
}
