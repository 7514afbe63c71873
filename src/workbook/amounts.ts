import type { ReadSettings } from '../config/settings.js';
import type { Cell } from './cell.js';
import { showsDate } from './formats.js';
import { found, Problem } from './problem.js';
import { cleanText } from './text.js';

const AMOUNT_LIMIT = 1e11;
const MAX_DECIMALS = 4;
const SIGNIFICANT_DIGITS = 15;

/** The number that a text of digits stands for, by its 15 significant digits: more are noise of binary fractions. */
export function significant(text: string): number {
  // Fifteen characters hold no more than as many digits.
  return text.length <= SIGNIFICANT_DIGITS ? Number(text) : Number(Number(text).toPrecision(SIGNIFICANT_DIGITS));
}

/** Reads the cells of an amount column: null where the cell is empty. */
export function amountRule({ numbers }: Pick<ReadSettings, 'numbers'>): (cell: Cell) => number | null | Problem {
  const digitsOf = plainDecimal(numbers);
  return (cell) => {
    if (cell.type === 'number') {
      if (showsDate(cell.format)) return new Problem(`expected a number, found ${cell.text} shown as a date (format ${cell.format!})`);
      return checked(cell.text, cell);
    }
    if (cell.type !== 'text') return new Problem(`expected a number, ${found(cell)}`);
    const text = cleanText(cell.text);
    if (text === '') return null;
    const digits = digitsOf(text);
    return digits === undefined ? new Problem(`expected a number, ${found(cell)}`) : checked(digits, cell);
  };
}

function checked(digits: string, cell: Cell): number | Problem {
  const number = significant(digits);
  if (Number.isNaN(number)) return new Problem(`expected a number, ${found(cell)}`);
  if (Math.abs(number) >= AMOUNT_LIMIT) return new Problem(`expected a number below 100,000,000,000 in size, ${found(cell)}`);
  if (Number(number.toFixed(MAX_DECIMALS)) !== number) return new Problem(`expected at most ${MAX_DECIMALS} decimals, ${found(cell)}`);
  return number === 0 ? 0 : number;
}

/**
 * Finds the digits, as JavaScript writes them, in plain decimals with the settings' signs: no exponent, no leading plus,
 * digits on both sides of the point, groups of three or none.
 */
function plainDecimal({ decimal, group }: ReadSettings['numbers']): (text: string) => string | undefined {
  // White space within a text has been folded by then, whatever kind of space groups the digits.
  const separator = group === null ? null : group.trim() === '' ? ' ' : group;
  const whole = separator === null ? '\\d+' : `\\d+|\\d{1,3}(?:${escaped(separator)}\\d{3})+`;
  const expression = new RegExp(`^(-?)(${whole})(?:${escaped(decimal)}(\\d+))?$`, 'u');
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return undefined;
    const digits = separator === null ? match[2]! : match[2]!.replaceAll(separator, '');
    return `${match[1]!}${digits}.${match[3] ?? '0'}`;
  };
}

function escaped(sign: string): string {
  return sign.replace(/[.*+?^${}()|[\]\\/]/gu, '\\$&');
}
