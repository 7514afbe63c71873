/** Numbers and addresses in the bytes of a sheet. */

/** The whole number that digits spell, and nothing else does: NaN for `0x10`, `1e3`, no digits, and more than nine. */
export function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > MAX_DIGITS) return NaN;
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** The index of the column, from 0, in an address (`C12`) within a row; NaN where it is none, or of another row. */
export function columnIn(bytes: Uint8Array, from: number, to: number, row: number): number {
  let column = 0;
  let at = from;
  for (let letter = letterAt(bytes, at); letter > 0 && at - from < MAX_LETTERS; letter = letterAt(bytes, at += 1)) column = column * LETTERS + letter;
  return wholeNumber(bytes, at, to) === row ? column - 1 : NaN;
}

/** Whether a text is a number as files spell them. */
export function isNumber(text: string): boolean {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/u.test(text);
}

/** Whether the bytes are a number as JavaScript writes it, with at most eleven digits before the point and four behind it. */
export function isCleanNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const begun = bytes[from] === MINUS ? from + 1 : from;
  const point = behindDigits(bytes, begun);
  const digits = point - begun;
  if (digits === 0 || digits > WHOLE_DIGITS || (bytes[begun] === ZERO && digits > 1)) return false;
  if (point === to) return bytes[begun] !== ZERO || begun === from;
  const decimals = to - point - 1;
  return bytes[point] === POINT && decimals > 0 && decimals <= DECIMALS && bytes[to - 1] !== ZERO && behindDigits(bytes, point + 1) === to;
}

function behindDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
  return at;
}

/** The place of a capital letter in the alphabet, from 1; 0 where there is none. */
export function letterAt(bytes: Uint8Array, at: number): number {
  const letter = bytes[at]! - FIRST_LETTER + 1;
  return letter > 0 && letter <= LETTERS ? letter : 0;
}

const MAX_DIGITS = 9;
/** Of a column in an address. */
export const MAX_LETTERS = 3;
/** How many letters there are. */
export const LETTERS = 26;
const [WHOLE_DIGITS, DECIMALS] = [11, 4] as const;
const [MINUS, POINT, ZERO, NINE, FIRST_LETTER] = [45, 46, 48, 57, 65] as const;
