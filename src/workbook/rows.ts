import type { ReadSettings } from '../config/settings.js';
import { printable } from '../errors.js';
import type { Named } from '../named.js';
import { TEMPLATE } from '../template.js';
import { jsonBy, remembering, type CellReader } from './cell-readers.js';
import type { Cell, SheetRow } from './cell.js';
import type { Headings } from './headings.js';
import { JsonBytes } from './json-bytes.js';
import { Covered } from './merged.js';
import { NameCounter } from './name-counter.js';
import { PackedColumn } from './packed-column.js';
import { cleanText } from './text.js';
import { ruleFor } from './values.js';

/** A chunk of rows as JSON text: an array of [row number, the template's values], and of one that failed [… error, error column, raw cells]. */
export interface RowChunk {
  readonly sheet: string;
  readonly json: string;
  readonly rows: number;
  readonly failed: number;
  readonly named: readonly Named[];
  /** The file is read anew from here: what came before does not count. */
  readonly restarts?: true;
}

const CHUNK_ROWS = 5_000;
/** Rows of long texts go in smaller chunks: a statement takes a text of some megabytes at ease, not one of gigabytes. */
const CHUNK_BYTES = 4_000_000;
/** Written where a formula was never calculated: an empty cell would read as if nothing had been there. */
const UNCALCULATED = '#CALC!';
const [COMMA, OPENING, CLOSING] = [44, 91, 93] as const;
const NULL = Buffer.from('null');

/** Turns sheet rows into staged rows, in chunks of text that a statement takes as they are. */
export class RowStager {
  rows = 0;
  failed = 0;
  hidden = 0;
  /** Of all texts that were taken. */
  textCharacters = 0;
  private readonly json = new JsonBytes();
  private readonly names = new NameCounter();
  /** Where the values of the row begin that is added. */
  private valuesAt = 0;
  private chunkRows = 0;
  private chunkFailed = 0;
  private readonly readers: readonly CellReader[];
  private readonly packedColumns: readonly PackedColumn[];
  private readonly mayBePacked: boolean;
  private readonly cells: (Cell | undefined)[] = TEMPLATE.map(() => undefined);

  /** `maxCells` is how many cells a row may have before it counts as shifted: the headings' width of a CSV file. */
  constructor(
    private readonly sheet: string, private readonly headings: Headings, settings: ReadSettings, dateSystem: 1900 | 1904,
    private readonly maxCells = Infinity, readonly covered = new Covered([], headings.columns, headings.row),
  ) {
    const rules = TEMPLATE.map((column) => jsonBy(ruleFor(column, settings, dateSystem)));
    this.readers = rules.map(remembering);
    this.packedColumns = TEMPLATE.map((column, index) => new PackedColumn(column, (cell) => {
      const json = rules[index]!(cell.unpack());
      return typeof json !== 'string' || (json === 'null' && column.required) ? undefined : json;
    }));
    this.mayBePacked = covered.isEmpty && maxCells === Infinity;
  }

  /** Takes a row; returns a chunk when one is full. Rows whose columns are all empty are skipped. */
  add(row: SheetRow): RowChunk | undefined {
    const start = this.json.length;
    const failedBefore = this.failed;
    if (!this.addPacked(row)) {
      this.json.cutTo(start);
      this.addCells(row);
    }
    if (this.json.length === start) return undefined;
    this.rows += 1;
    this.chunkRows += 1;
    if (row.hidden) this.hidden += 1;
    this.names.add(this.json, this.valuesAt, this.failed > failedBefore);
    return this.chunkRows >= CHUNK_ROWS || this.json.length >= CHUNK_BYTES ? this.take() : undefined;
  }

  /** The rows of the last chunk, or undefined. */
  flush(): RowChunk | undefined {
    return this.chunkRows === 0 ? undefined : this.take();
  }

  private take(): RowChunk {
    this.json.add(']');
    const chunk = { sheet: this.sheet, json: this.json.take(), rows: this.chunkRows, failed: this.chunkFailed, named: this.names.take() };
    this.chunkRows = 0;
    this.chunkFailed = 0;
    return chunk;
  }

  /** Adds a row whose cells are packed; false where it fails, is empty or not packed, whatever was added by then. */
  private addPacked(row: SheetRow): boolean {
    if (row.packed === undefined || !this.mayBePacked) return false;
    const { json, headings: { columns } } = this;
    let bytes = 0;
    this.begin(row.number);
    for (let index = 0; index < TEMPLATE.length; index += 1) {
      const cell = row.packed(columns[index]!);
      if (cell === undefined && TEMPLATE[index]!.required) return false;
      json.addByte(COMMA);
      if (cell === undefined) json.addBytes(NULL);
      else if (!this.packedColumns[index]!.write(cell, json)) return false;
      else bytes += cell.end - cell.start;
    }
    this.textCharacters += bytes;
    json.addByte(CLOSING);
    return true;
  }

  private addCells(row: SheetRow): void {
    const { columns } = this.headings;
    const { cells } = row;
    let isBlank = true;
    for (let index = 0; index < columns.length; index += 1) {
      const cell = this.covered.has(index, row.number) ? undefined : cells[columns[index]!];
      this.cells[index] = cell;
      isBlank &&= isEmpty(cell);
      if (cell !== undefined) this.textCharacters += cell.text.length;
    }
    if (isBlank) return;
    this.begin(row.number);
    this.json.add(hasMoreThan(cells, this.maxCells) ? this.shifted(row) : this.staged(row.number));
  }

  private begin(number: number): void {
    this.json.addByte(this.chunkRows === 0 ? OPENING : COMMA);
    this.json.addByte(OPENING);
    this.json.addWhole(number);
    this.valuesAt = this.json.length + 1;
  }

  private staged(number: number): string {
    let text = '';
    let problems: [heading: string, what: string][] | undefined;
    for (let index = 0; index < TEMPLATE.length; index += 1) {
      const cell = this.cells[index];
      const json = cell === undefined ? 'null' : this.readers[index]!(cell);
      const column = TEMPLATE[index]!;
      if (typeof json !== 'string') (problems ??= []).push([column.heading, json.what]);
      else if (json === 'null' && column.required) (problems ??= []).push([column.heading, 'expected a value, found an empty cell']);
      text += typeof json === 'string' ? `,${json}` : ',null';
    }
    if (problems === undefined) return `${text}]`;
    const what = problems.map(([heading, problem]) => `${heading}: ${problem}`).join('; ');
    return this.failing(text, number, what, problems[0]![0], this.cells.map(rawText));
  }

  /** A separator within a cell that has no quotes moves the cells behind it: none of them can be trusted. */
  private shifted(row: SheetRow): string {
    const what = `expected at most ${this.maxCells} cells, as many as headings, found ${row.cells.length}: a cell that holds a separator needs quotes`;
    const whole = row.cells.map((cell) => cell?.text ?? '').join(' | ');
    return this.failing(',null'.repeat(TEMPLATE.length), row.number, what, null, TEMPLATE.map((_, index) => (index === 0 ? whole : null)));
  }

  private failing(text: string, number: number, what: string, column: string | null, raw: readonly (string | null)[]): string {
    this.failed += 1;
    this.chunkFailed += 1;
    const error = printable(`sheet "${this.sheet}" row ${number}, ${what}; row not loaded`);
    return `${text},${JSON.stringify(error)},${JSON.stringify(column)},${JSON.stringify(JSON.stringify(raw))}]`;
  }
}

function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || (cell.type === 'text' && cleanText(cell.text) === '');
}

function hasMoreThan(cells: readonly (Cell | undefined)[], most: number): boolean {
  for (let index = most; index < cells.length; index += 1) {
    if (!isEmpty(cells[index])) return true;
  }
  return false;
}

function rawText(cell: Cell | undefined): string | null {
  if (cell === undefined) return null;
  return cell.type === 'uncalculated' ? UNCALCULATED : cell.text;
}
