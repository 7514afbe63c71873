import { IngestError } from '../errors.js';
import { dateOf, dayOf, type Day } from '../history/day.js';

/** What people type, as values; each refuses anything else. */

/** A calendar date `YYYY-MM-DD`. */
export function dayArgument(name: string, text: string): Day {
  const day = /^\d{4}-\d{2}-\d{2}$/u.test(text) ? dayOf(text) : Number.NaN;
  if (Number.isNaN(day) || dateOf(day) !== text) throw new IngestError('usage', `${name}: expected a date that exists, such as 2024-02-29, found "${text}"`);
  return day;
}

/** An instant with its zone, as the database keeps it. A date alone would not say which of its moments is meant. */
export function instantArgument(name: string, text: string): string {
  const [, date, time, zone] = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})$/u.exec(text) ?? [];
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(ms)) throw new IngestError('usage', `${name}: expected a time with its zone, such as 2024-02-29T17:30Z or 2024-02-29T17:30:00+01:00, found "${text}"`);
  dayArgument(name, date!);
  return new Date(ms).toISOString();
}

/** A whole number from 1 on. */
export function countArgument(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(text)) throw new IngestError('usage', `${name}: expected a whole number from 1, found "${text}"`);
  return Number(text);
}
