/** Tells the time, in milliseconds since 1970; tests put in their own. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** An instant as the database keeps it: UTC, `YYYY-MM-DDTHH:MM:SS.sssZ`. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}
