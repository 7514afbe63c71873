/** A calendar date as the number of days since 1970-01-01. No time, no zone. */
export type Day = number;

/** A day, in the milliseconds of JavaScript's dates. */
export const MS_PER_DAY = 86_400_000;

/** The day of a date `YYYY-MM-DD`. The date must exist: readers have refused others. */
export function dayOf(date: string): Day {
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, Number(date.slice(8, 10))) / MS_PER_DAY;
}

/** The date `YYYY-MM-DD` of a day. */
export function dateOf(day: Day): string {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}
