import { dateOf, dayOf, MS_PER_DAY, type Day } from './day.js';

/** From a date, so many instances every so often, and what a chain says at each of them. */

export type Interval = 'day' | 'week' | 'month';

/** The last day that a date `YYYY-MM-DD` can name. */
const LAST_DAY = dayOf('9999-12-31');

/**
 * The first `count` dates from `from` on. Months keep the day of `from`, clipped to the end of shorter ones: 31 Jan,
 * 28 Feb, 31 Mar. Fewer where the calendar ends in between (9999-12-31).
 */
export function sampleDates(from: Day, every: Interval, count: number): Day[] {
  const dates: Day[] = [];
  for (let step = 0; step < count; step += 1) {
    const date = every === 'month' ? monthsAfter(from, step) : from + step * (every === 'week' ? 7 : 1);
    if (date > LAST_DAY) break;
    dates.push(date);
  }
  return dates;
}

function monthsAfter(from: Day, months: number): Day {
  const [year, month, day] = dateOf(from).split('-').map(Number) as [number, number, number];
  const lastOfMonth = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return Date.UTC(year, month - 1 + months, Math.min(day, lastOfMonth)) / MS_PER_DAY;
}


/** The version of a chain at each of the dates, both ascending; dates before its first version are left out. */
export function* valuesAt<V extends { readonly from: Day; readonly to: Day | null }>(
  chain: readonly V[], dates: readonly Day[],
): Generator<readonly [date: Day, version: V]> {
  let index = 0;
  for (const date of dates) {
    while (index < chain.length && chain[index]!.to !== null && chain[index]!.to! <= date) index += 1;
    const version = chain[index];
    if (version === undefined) return;
    if (version.from <= date) yield [date, version];
  }
}
