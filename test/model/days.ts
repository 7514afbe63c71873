/**
 * Calendar dates as whole days, and decimal settings as exact fractions: whatever the rules compare,
 * they compare in integers.
 */

const MS_PER_DAY = 86_400_000;

/** The day number of a calendar date `YYYY-MM-DD`, counted from 1970-01-01. Throws on a date that does not exist. */
export function dayOf(date: string): number {
  const ms = Date.parse(`${date}T00:00:00Z`);
  const day = ms / MS_PER_DAY;
  if (!Number.isInteger(day) || dateOf(day) !== date) throw new RangeError(`not a calendar date: ${date}`);
  return day;
}

/** The calendar date `YYYY-MM-DD` of a day number. */
export function dateOf(day: number): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** Whether `part / whole` ≥ `ratio`, with `ratio` taken as the decimal it is written as (0.8 is 8/10). */
export function isAtLeast(part: number, whole: number, ratio: number): boolean {
  const { numerator, denominator } = fractionOf(ratio);
  return BigInt(part) * denominator >= numerator * BigInt(whole);
}

/** Whether `part / whole` > `ratio`, with `ratio` taken as the decimal it is written as. */
export function isMoreThan(part: number, whole: number, ratio: number): boolean {
  const { numerator, denominator } = fractionOf(ratio);
  return BigInt(part) * denominator > numerator * BigInt(whole);
}

function fractionOf(ratio: number): { numerator: bigint; denominator: bigint } {
  const parts = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(ratio));
  if (!parts) throw new RangeError(`not a ratio: ${ratio}`);
  const decimals = parts[2] ?? '';
  const power = Number(parts[3] ?? 0) - decimals.length;
  const digits = BigInt(`${parts[1]}${decimals}`);
  return power >= 0
    ? { numerator: digits * 10n ** BigInt(power), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-power) };
}
