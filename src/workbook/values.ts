import type { ReadSettings } from '../config/settings.js';
import type { Column, Value } from '../template.js';
import { amountRule, significant } from './amounts.js';
import type { Cell } from './cell.js';
import { dateFormat, dateOfSerial } from './dates.js';
import { printedWhole, showsDate } from './formats.js';
import { found, Problem } from './problem.js';
import { cleanText, folded, unprintable } from './text.js';

/** From a cell to a value, or to what is wrong with it (docs/workbooks.md). Nothing is guessed. */

/** Reads the cells of one column; null where the cell is empty. */
export type CellRule = (cell: Cell) => Value | Problem;

/** The rule for a column under the settings, in a workbook with the date system. */
export function ruleFor(column: Column, settings: ReadSettings, dateSystem: 1900 | 1904): CellRule {
  switch (column.kind) {
    case 'date': return dateRule(settings.dates, dateSystem);
    case 'amount': return amountRule(settings);
    case 'term': return termRule(settings.terms);
    default: return textRule;
  }
}

const ISO = 'YYYY-MM-DD';
const MIDNIGHT = /T00:00(?::00(?:\.0+)?)?Z?$/u;

function dateRule({ earliest, latest, formats }: ReadSettings['dates'], dateSystem: 1900 | 1904): CellRule {
  const names = [ISO, ...formats];
  const readers = names.map(dateFormat);
  const expected = `expected a date${formats.length === 0 ? ` ${ISO}` : ` (${names.join(', ')})`}`;
  const inRange = (dates: ReadonlySet<string>, cell: Cell): Value | Problem => {
    const [date, other] = dates;
    if (date === undefined) return new Problem(`${expected}, ${found(cell)}`);
    if (other !== undefined) return new Problem(`expected one date, ${found(cell)}, which may be ${date} or ${other}`);
    return date < earliest || date > latest ? new Problem(`expected a date from ${earliest} to ${latest}, found ${date}`) : date;
  };
  return (cell) => {
    if (cell.type === 'number') return dateOfNumber(cell, dateSystem, inRange);
    if (cell.type === 'date') return inRange(datesIn(cell.text.replace(MIDNIGHT, ''), readers.slice(0, 1)), cell);
    if (cell.type !== 'text') return new Problem(`${expected}, ${found(cell)}`);
    const text = cleanText(cell.text);
    return text === '' ? null : inRange(datesIn(text, readers), cell);
  };
}

function dateOfNumber(cell: Cell, dateSystem: 1900 | 1904, inRange: (dates: ReadonlySet<string>, cell: Cell) => Value | Problem): Value | Problem {
  const serial = significant(cell.text);
  if (!Number.isInteger(serial)) {
    const date = dateOfSerial(Math.floor(serial), dateSystem);
    return new Problem(`expected a date without a time of day, ${found(cell)}${date === undefined ? '' : ` (${date} and a time)`}`);
  }
  const date = dateOfSerial(serial, dateSystem);
  return inRange(new Set(date === undefined ? [] : [date]), cell);
}

function datesIn(text: string, readers: readonly ((text: string) => string | undefined)[]): ReadonlySet<string> {
  return new Set(readers.map((read) => read(text)).filter((date) => date !== undefined));
}

const CHANGED = 'Excel has already changed it: format the column as text and enter it again';
/** What a formula that failed has left where everything is text: a CSV file, or values pasted as text. */
const ERRORS = new Set(['#N/A', '#REF!', '#VALUE!', '#DIV/0!', '#NAME?', '#NUM!', '#NULL!', '#SPILL!', '#CALC!', '#GETTING_DATA']);

/** Reads the cells of a column of texts: identifiers and names. */
export function textRule(cell: Cell): Value | Problem {
  if (cell.type === 'number') return numberAsText(cell);
  if (cell.type !== 'text') return new Problem(`expected text, ${found(cell)}`);
  const text = cleanText(cell.text);
  if (text === '') return null;
  if (/^[-+]?\d+(?:[.,]\d+)?E\+\d+$/iu.test(text)) return new Problem(`expected text, ${found(cell)}; ${CHANGED}`);
  if (ERRORS.has(text)) return new Problem(`expected text, found the error ${text}`);
  const sign = unprintable(text);
  return sign === undefined ? text : new Problem(`expected text, ${found(cell)}, which holds the unprintable character U+${codeOf(sign)}`);
}

function numberAsText(cell: Cell): Value | Problem {
  const number = significant(cell.text);
  if (!Number.isInteger(number) || Math.abs(number) >= 1e15) return new Problem(`expected text, found the number ${cell.text}; ${CHANGED}`);
  const printed = printedWhole(number === 0 ? 0 : number, cell.format);
  if (printed !== undefined) return printed;
  const shown = showsDate(cell.format) ? 'a date' : `${cell.format!}`;
  return new Problem(`expected text, found the number ${cell.text} shown as ${shown}; ${CHANGED}`);
}

function codeOf(sign: string): string {
  return sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
}

function termRule(settings: readonly string[]): CellRule {
  const terms = new Map([...settings].reverse().map((term) => [folded(term), term]));
  const expected = `expected one of ${settings.join(', ')}`;
  return (cell) => {
    if (cell.type !== 'text') return new Problem(`${expected}, ${found(cell)}`);
    const term = folded(cell.text);
    return term === '' ? null : terms.get(term) ?? new Problem(`${expected}, ${found(cell)}`);
  };
}
