import type { Value } from '../template.js';
import type { Cell } from './cell.js';
import { Problem } from './problem.js';
import type { CellRule } from './values.js';

/** A cell's value as JSON text, or what is wrong with it. */
export type CellReader = (cell: Cell) => string | Problem;

/** Reads by a rule. */
export function jsonBy(rule: CellRule): CellReader {
  return (cell) => {
    const value: Value | Problem = rule(cell);
    return value instanceof Problem ? value : typeof value === 'string' ? quoted(value) : String(value);
  };
}

/** Remembers texts and numbers: dates, terms, accounts repeat, rules are pure. */
export function remembering(read: CellReader): CellReader {
  const texts = new Memory();
  const numbers = new Memory();
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

/** Values that repeat through a file are checked once; this bounds what is remembered of a column. */
const REMEMBERED = 4_096;
const REMEMBERED_CHARACTERS = 64;
