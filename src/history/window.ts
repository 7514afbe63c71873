import type { Day } from './day.js';
import type { Submission } from './timeline.js';

/**
 * What a change of submissions can reach (HISTORY.md, The window). Behind `from` everything is as it was; an item
 * observed at `until` is settled there.
 */
export interface Window {
  /** The second-last submission date before the earliest change; undefined where the chain is derived whole. */
  readonly from: Day | undefined;
  /** The next submission date behind the last change; undefined where there is none. */
  readonly until: Day | undefined;
}

/** The whole of every chain. */
export const WHOLE: Window = { from: undefined, until: undefined };

/** The window of a change at `dates` (ascending, at least one) of an account with the submissions, ascending. */
export function windowOf(submissions: readonly Submission[], dates: readonly Day[]): Window {
  const earliest = dates[0]!;
  const latest = dates[dates.length - 1]!;
  const earlier = submissions.filter(({ date }) => date < earliest);
  return {
    from: earlier[earlier.length - 2]?.date,
    until: submissions.find(({ date }) => date > latest)?.date,
  };
}
