/** Calendar dates by integer arithmetic: no time zone is ever involved. */

const MS_PER_DAY = 86_400_000;
/** The serial of 1970-01-01 in the 1900 system, whose false 29 February 1900 all later serials include. */
const EPOCH_1900 = 25_569;
const EPOCH_1904 = EPOCH_1900 - 1_462;
const LAST_DAY = Date.UTC(9999, 11, 31) / MS_PER_DAY;

/** The date `YYYY-MM-DD` of an Excel serial without a time of day; undefined before March 1900 and after 9999. */
export function dateOfSerial(serial: number, system: 1900 | 1904): string | undefined {
  if (!(serial >= (system === 1900 ? 61 : 0))) return undefined;
  const day = serial - (system === 1900 ? EPOCH_1900 : EPOCH_1904);
  return day > LAST_DAY ? undefined : new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** The serial of a date in the 1900 system, for writing. */
export function serialOf(date: string): number {
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / MS_PER_DAY + EPOCH_1900;
}

/** The date `YYYY-MM-DD`, or undefined where the calendar has no such day. */
export function existingDate(year: number, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.toISOString().slice(0, 10);
}

const PARTS: Readonly<Record<string, string>> = { YYYY: '(\\d{4})', MM: '(\\d{2})', DD: '(\\d{2})', M: '(\\d{1,2})', D: '(\\d{1,2})' };

/**
 * Reads texts in a format such as `DD.MM.YYYY` or `M/D/YYYY`; undefined where the text does not fit it or there is no
 * such day. It names year, month and day once each: the settings hold no other.
 */
export function dateFormat(format: string): (text: string) => string | undefined {
  const order: string[] = [];
  const pattern = format.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&').replace(/YYYY|MM?|DD?/gu, (part) => {
    order.push(part[0]!);
    return PARTS[part]!;
  });
  const expression = new RegExp(`^${pattern}$`, 'u');
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return undefined;
    const part = (name: string): number => Number(match[order.indexOf(name) + 1]);
    return existingDate(part('Y'), part('M'), part('D'));
  };
}
