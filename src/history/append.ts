import type { Timeline } from './timeline.js';

/**
 * Whether a change is a plain append: one submission behind all others, with nobody silent in between, that leaves the
 * earlier silences as they were. Then every chain is as before up to that submission, and what becomes of an item there
 * follows from its current version alone.
 */
export function isPlainAppend(before: Timeline, after: Timeline): boolean {
  const last = before.submissions.length;
  return after.submissions.length === last + 1
    && before.submissions.every(({ date }, index) => date === after.submissions[index]!.date)
    && before.silentFrom.every((from, index) => from === after.silentFrom[index])
    && after.silentFrom[last] === undefined;
}
