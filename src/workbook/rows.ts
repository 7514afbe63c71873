import type { ReadSettings } from '../config/settings.js';
import { TEMPLATE, type Value } from '../template.js';
import type { Cell, SheetRow } from './cell.js';
import type { Headings } from './headings.js';
import { Problem, ruleFor, type CellRule } from './values.js';

/** A chunk of rows as JSON text: an array of [row number, the template's values, error, error column, raw cells]. */
export interface RowChunk {
  readonly sheet: string;
  readonly json: string;
  readonly rows: number;
  readonly failed: number;
}

const CHUNK_ROWS = 5_000;
/** Texts that repeat through a file are checked once; this bounds what is remembered of a column. */
const REMEMBERED = 4_096;

/** Turns sheet rows into staged rows, in chunks of text that a statement takes as they are. */
export class RowStager {
  rows = 0;
  failed = 0;
  hidden = 0;
  private parts: string[] = [];
  private chunkFailed = 0;
  private readonly rules: readonly CellRule[];

  constructor(
    private readonly sheet: string, private readonly headings: Headings, settings: ReadSettings, dateSystem: 1900 | 1904,
  ) {
    this.rules = TEMPLATE.map((column) => remembering(ruleFor(column, settings, dateSystem)));
  }

  /** Takes a row; returns a chunk when one is full. Rows whose columns are all empty are skipped. */
  add(row: SheetRow): RowChunk | undefined {
    const cells = this.headings.columns.map((index) => row.cells[index]);
    if (cells.every(isEmpty)) return undefined;
    this.rows += 1;
    if (row.hidden) this.hidden += 1;
    this.parts.push(this.staged(row.number, cells));
    return this.parts.length === CHUNK_ROWS ? this.take() : undefined;
  }

  /** The rows of the last chunk, or undefined. */
  flush(): RowChunk | undefined {
    return this.parts.length === 0 ? undefined : this.take();
  }

  private take(): RowChunk {
    const chunk = { sheet: this.sheet, json: `[${this.parts.join(',')}]`, rows: this.parts.length, failed: this.chunkFailed };
    this.parts = [];
    this.chunkFailed = 0;
    return chunk;
  }

  private staged(number: number, cells: readonly (Cell | undefined)[]): string {
    let text = `[${number}`;
    let problems: [heading: string, what: string][] | undefined;
    for (let index = 0; index < cells.length; index += 1) {
      const cell = cells[index];
      const value = cell === undefined ? null : this.rules[index]!(cell);
      const column = TEMPLATE[index]!;
      const problem = value instanceof Problem ? value.what : value === null && column.required ? 'is empty' : undefined;
      if (problem !== undefined) (problems ??= []).push([column.heading, problem]);
      text += value === null || value instanceof Problem ? ',null' : `,${JSON.stringify(value)}`;
    }
    if (problems === undefined) return `${text},null,null,null]`;
    this.failed += 1;
    this.chunkFailed += 1;
    const error = `sheet "${this.sheet}" row ${number}, ${problems.map(([heading, what]) => `${heading}: ${what}`).join('; ')}; row not loaded`;
    const raw = JSON.stringify(cells.map((cell) => cell?.text ?? null));
    return `${text},${JSON.stringify(error)},${JSON.stringify(problems[0]![0])},${JSON.stringify(raw)}]`;
  }
}

function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || (cell.type === 'text' && cell.text.trim() === '');
}

function remembering(rule: CellRule): CellRule {
  const texts = new Map<string, Value | Problem>();
  return (cell) => {
    if (cell.type !== 'text') return rule(cell);
    let value = texts.get(cell.text);
    if (value === undefined) {
      value = rule(cell);
      if (texts.size >= REMEMBERED) texts.clear();
      texts.set(cell.text, value);
    }
    return value;
  };
}
