import * as XLSX from 'xlsx';
import type { ReadSettings } from '../config/settings.js';
import type { Column, Value } from '../template.js';
import type { Cell } from './cell.js';
import { dateFormat, dateOfSerial } from './dates.js';
import { cleanText, folded } from './text.js';

/** From a cell to a value, or to what is wrong with it (docs/workbooks.md). Nothing is guessed. */

/** What is wrong with a cell: `expected a number, found "n/a"`. */
export class Problem {
  constructor(readonly what: string) {}
}

/** Reads the cells of one column. */
export type CellRule = (cell: Cell) => Value | Problem;

/** The rule for a column under the settings, in a workbook with the date system. */
export function ruleFor(column: Column, settings: ReadSettings, dateSystem: 1900 | 1904): CellRule {
  const rule = RULES[column.kind](settings, dateSystem);
  return (cell) => {
    if (cell.type === 'error') return new Problem(`the cell shows the error ${cell.text}`);
    if (cell.type === 'uncalculated') return new Problem('a formula that was never calculated: open the workbook, let it calculate, save it');
    return rule(cell);
  };
}

const RULES: Readonly<Record<Column['kind'], (settings: ReadSettings, dateSystem: 1900 | 1904) => CellRule>> = {
  date: dateRule,
  identifier: () => nameRule,
  name: () => nameRule,
  amount: amountRule,
  term: termRule,
};

function found(cell: Cell): string {
  const text = cell.text.length > 60 ? `${cell.text.slice(0, 60)}…` : cell.text;
  return `found ${JSON.stringify(text)}${cell.type === 'boolean' ? ' (a logical value)' : ''}`;
}

function dateRule(settings: ReadSettings, dateSystem: 1900 | 1904): CellRule {
  const formats = ['YYYY-MM-DD', ...settings.dates.formats].map(dateFormat);
  const { earliest, latest } = settings.dates;
  const expected = `expected a date (${['YYYY-MM-DD', ...settings.dates.formats].join(', ')})`;
  const ranged = (date: string | undefined, cell: Cell): Value | Problem => {
    if (date === undefined) return new Problem(`${expected}, ${found(cell)}`);
    return date < earliest || date > latest ? new Problem(`expected a date from ${earliest} to ${latest}, found ${date}`) : date;
  };
  return (cell) => {
    if (cell.type === 'number') {
      const serial = Number(cell.text);
      if (!Number.isInteger(serial)) return new Problem(`expected a date without a time of day, ${found(cell)}`);
      return ranged(dateOfSerial(serial, dateSystem), cell);
    }
    if (cell.type === 'boolean') return new Problem(`${expected}, ${found(cell)}`);
    const text = cleanText(cell.text);
    if (text === '') return null;
    if (cell.type === 'date') return ranged(formats[0]!(text.replace(/T00:00(:00(\.0+)?)?Z?$/u, '')), cell);
    return ranged(firstOf(formats, text), cell);
  };
}

function firstOf(formats: readonly ((text: string) => string | undefined)[], text: string): string | undefined {
  for (const format of formats) {
    const date = format(text);
    if (date !== undefined) return date;
  }
  return undefined;
}

const CHANGED = 'Excel has already changed it: format the column as text and enter it again';

function nameRule(cell: Cell): Value | Problem {
  if (cell.type === 'number') return printed(cell);
  if (cell.type !== 'text') return new Problem(`expected text, ${found(cell)}`);
  const text = cleanText(cell.text);
  if (/^[-+]?\d+([.,]\d+)?E\+\d+$/iu.test(text)) return new Problem(`${found(cell)}; ${CHANGED}`);
  return text === '' ? null : text;
}

/** A number where text is due: the integer in full, with the leading zeros of a format such as 00000. */
function printed(cell: Cell): Value | Problem {
  const number = Number(Number(cell.text).toPrecision(15));
  if (!Number.isInteger(number) || Math.abs(number) >= 1e15) return new Problem(`expected text, found the number ${cell.text}; ${CHANGED}`);
  const format = cell.format ?? '0';
  if (/^0+$/u.test(format)) return (number < 0 ? '-' : '') + String(Math.abs(number)).padStart(format.length, '0');
  if (format === '@' || /^[#0?,.]+$/u.test(format)) return String(number);
  const what = XLSX.SSF.is_date(format) ? 'a date' : `the number ${cell.text} shown as ${format}`;
  return new Problem(`expected text, found ${what}; ${CHANGED}`);
}

const AMOUNT_LIMIT = 1e11;
const MAX_DECIMALS = 4;

function amountRule(settings: ReadSettings): CellRule {
  const parse = amountText(settings.numbers);
  return (cell) => {
    if (cell.type === 'number') return checkedAmount(Number(Number(cell.text).toPrecision(15)), cell);
    if (cell.type !== 'text') return new Problem(`expected a number, ${found(cell)}`);
    const text = cleanText(cell.text);
    if (text === '') return null;
    const number = parse(text);
    return number === undefined ? new Problem(`expected a number, ${found(cell)}`) : checkedAmount(number, cell);
  };
}

function checkedAmount(number: number, cell: Cell): Value | Problem {
  if (Math.abs(number) >= AMOUNT_LIMIT) return new Problem(`expected a number below 100,000,000,000 in size, ${found(cell)}`);
  if (Number(number.toFixed(MAX_DECIMALS)) !== number) return new Problem(`expected at most ${MAX_DECIMALS} decimals, ${found(cell)}`);
  return number === 0 ? 0 : number;
}

/** Reads plain decimals with the settings' signs: no exponent, no leading plus, digits on both sides of the point. */
function amountText({ decimal, group }: ReadSettings['numbers']): (text: string) => number | undefined {
  const escape = (sign: string): string => sign.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');
  const grouped = group === null ? '' : `|\\d{1,3}(?:${escape(group)}\\d{3})+`;
  const expression = new RegExp(`^(-?)(\\d+${grouped})(?:${escape(decimal)}(\\d+))?$`, 'u');
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return undefined;
    const [, sign, whole, decimals = ''] = match;
    const digits = group === null ? whole! : whole!.replaceAll(group, '');
    const kept = decimals.replace(/0+$/u, '');
    // More digits than a number holds would be rounded in silence: it is left to fail by its decimals or its size.
    return kept.length > MAX_DECIMALS ? Number.NaN : Number(`${sign}${digits}.${kept === '' ? '0' : kept}`);
  };
}

function termRule(settings: ReadSettings): CellRule {
  const terms = new Map(settings.terms.map((term) => [folded(term), term]));
  const expected = `expected one of ${settings.terms.join(', ')}`;
  return (cell) => {
    if (cell.type === 'text' && cleanText(cell.text) === '') return null;
    const term = cell.type === 'text' ? terms.get(folded(cell.text)) : undefined;
    return term ?? new Problem(`${expected}, ${found(cell)}`);
  };
}
