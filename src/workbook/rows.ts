import type { ReadSettings } from '../config/settings.js';
import { printable } from '../errors.js';
import { TEMPLATE, type Value } from '../template.js';
import type { Cell, SheetRow } from './cell.js';
import type { Headings } from './headings.js';
import { Covered } from './merged.js';
import { Problem } from './problem.js';
import { cleanText } from './text.js';
import { ruleFor, type CellRule } from './values.js';

/** A chunk of rows as JSON text: an array of [row number, the template's values, error, error column, raw cells]. */
export interface RowChunk {
  readonly sheet: string;
  readonly json: string;
  readonly rows: number;
  readonly failed: number;
  /** The file is read anew from here: what came before does not count. */
  readonly restarts?: true;
}

const CHUNK_ROWS = 5_000;
/** Rows of long texts go in smaller chunks: a statement takes a text of some megabytes at ease, not one of gigabytes. */
const CHUNK_CHARACTERS = 4_000_000;
/** Values that repeat through a file are checked once; this bounds what is remembered of a column. */
const REMEMBERED = 4_096;
const REMEMBERED_CHARACTERS = 64;
/** Written where a formula was never calculated: an empty cell would read as if nothing had been there. */
const UNCALCULATED = '#CALC!';

/** Turns sheet rows into staged rows, in chunks of text that a statement takes as they are. */
export class RowStager {
  rows = 0;
  failed = 0;
  hidden = 0;
  /** Of all texts that were taken. */
  textCharacters = 0;
  private parts: string[] = [];
  private characters = 0;
  private chunkFailed = 0;
  private readonly readers: readonly CellReader[];
  private readonly cells: (Cell | undefined)[] = TEMPLATE.map(() => undefined);

  /** `maxCells` is how many cells a row may have before it counts as shifted: the headings' width of a CSV file. */
  constructor(
    private readonly sheet: string, private readonly headings: Headings, settings: ReadSettings, dateSystem: 1900 | 1904,
    private readonly maxCells = Infinity, readonly covered = new Covered([], headings.columns, headings.row),
  ) {
    this.readers = TEMPLATE.map((column) => remembering(ruleFor(column, settings, dateSystem)));
  }

  /** Takes a row; returns a chunk when one is full. Rows whose columns are all empty are skipped. */
  add(row: SheetRow): RowChunk | undefined {
    const { columns } = this.headings;
    let isBlank = true;
    for (let index = 0; index < columns.length; index += 1) {
      const cell = this.covered.has(index, row.number) ? undefined : row.cells[columns[index]!];
      this.cells[index] = cell;
      isBlank &&= isEmpty(cell);
      if (cell !== undefined) this.textCharacters += cell.text.length;
    }
    if (isBlank) return undefined;
    this.rows += 1;
    if (row.hidden) this.hidden += 1;
    this.push(hasMoreThan(row.cells, this.maxCells) ? this.shifted(row) : this.staged(row.number));
    return this.parts.length >= CHUNK_ROWS || this.characters >= CHUNK_CHARACTERS ? this.take() : undefined;
  }

  /** The rows of the last chunk, or undefined. */
  flush(): RowChunk | undefined {
    return this.parts.length === 0 ? undefined : this.take();
  }

  private push(text: string): void {
    this.parts.push(text);
    this.characters += text.length;
  }

  private take(): RowChunk {
    const chunk = { sheet: this.sheet, json: `[${this.parts.join(',')}]`, rows: this.parts.length, failed: this.chunkFailed };
    this.parts = [];
    this.characters = 0;
    this.chunkFailed = 0;
    return chunk;
  }

  private staged(number: number): string {
    let text = `[${number}`;
    let problems: [heading: string, what: string][] | undefined;
    for (let index = 0; index < TEMPLATE.length; index += 1) {
      const cell = this.cells[index];
      const json = cell === undefined ? 'null' : this.readers[index]!(cell);
      const column = TEMPLATE[index]!;
      if (typeof json !== 'string') (problems ??= []).push([column.heading, json.what]);
      else if (json === 'null' && column.required) (problems ??= []).push([column.heading, 'expected a value, found an empty cell']);
      text += typeof json === 'string' ? `,${json}` : ',null';
    }
    if (problems === undefined) return `${text},null,null,null]`;
    const what = problems.map(([heading, problem]) => `${heading}: ${problem}`).join('; ');
    return this.failing(text, number, what, problems[0]![0], this.cells.map(rawText));
  }

  /** A separator within a cell that has no quotes moves the cells behind it: none of them can be trusted. */
  private shifted(row: SheetRow): string {
    const what = `expected at most ${this.maxCells} cells, as many as headings, found ${row.cells.length}: a cell that holds a separator needs quotes`;
    const whole = row.cells.map((cell) => cell?.text ?? '').join(' | ');
    return this.failing(`[${row.number}${',null'.repeat(TEMPLATE.length)}`, row.number, what, null, TEMPLATE.map((_, index) => (index === 0 ? whole : null)));
  }

  private failing(text: string, number: number, what: string, column: string | null, raw: readonly (string | null)[]): string {
    this.failed += 1;
    this.chunkFailed += 1;
    const error = printable(`sheet "${this.sheet}" row ${number}, ${what}; row not loaded`);
    return `${text},${JSON.stringify(error)},${JSON.stringify(column)},${JSON.stringify(JSON.stringify(raw))}]`;
  }
}

/** A cell's value as JSON text, or what is wrong with it. */
type CellReader = (cell: Cell) => string | Problem;

/** Remembers texts and numbers without a format: dates, terms, accounts repeat, their rules are pure. */
function remembering(rule: CellRule): CellReader {
  const texts = new Memory();
  const numbers = new Memory();
  const read: CellReader = (cell) => {
    const value: Value | Problem = rule(cell);
    return value instanceof Problem ? value : typeof value === 'string' ? quoted(value) : String(value);
  };
  return (cell) => {
    if ((cell.type !== 'text' && cell.type !== 'number') || cell.text.length > REMEMBERED_CHARACTERS) return read(cell);
    const memory = cell.type === 'text' ? texts : numbers;
    if (memory.isUseless) return read(cell);
    const key = cell.format === undefined || cell.type === 'text' ? cell.text : `${cell.text} ${cell.format}`;
    return memory.find(key) ?? memory.keep(key, read(cell));
  };
}

/** The values of a column's texts. Where hardly any comes again, as in a column of references, it is not asked any more. */
class Memory {
  isUseless = false;
  private readonly values = new Map<string, string | Problem>();
  private found = 0;
  private missed = 0;

  find(key: string): string | Problem | undefined {
    const value = this.values.get(key);
    if (value !== undefined) this.found += 1;
    return value;
  }

  /** Once full it stays as it is: a column of ever new values would fill and empty it for nothing. */
  keep(key: string, value: string | Problem): string | Problem {
    if (this.values.size < REMEMBERED) this.values.set(copied(key), typeof value === 'string' ? copied(value) : value);
    else if ((this.missed += 1) > REMEMBERED && this.found < this.missed) this.forget();
    return value;
  }

  private forget(): void {
    this.isUseless = true;
    this.values.clear();
  }
}

/** The same text, on its own: one that was cut out of a larger text would keep all of that in memory. */
function copied(text: string): string {
  return Buffer.from(text).toString();
}

/** JSON text of a string; plain ones, nearly all there are, need no escapes. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/u.test(text) ? `"${text}"` : JSON.stringify(text);
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
