import type { Day } from './day.js';
import { reaches } from './fraction.js';
import type { Policy } from './policy.js';

/** An account and a date for which rows were accepted, with the first-admitted batch that holds some. */
export interface Submission {
  readonly date: Day;
  readonly batch: number;
}

/** An account's submissions in order, and where it fell silent between them. */
export interface Timeline {
  readonly submissions: readonly Submission[];
  /** By the index of the submission that ends it: the first day of a placeholder, or undefined. */
  readonly silentFrom: readonly (Day | undefined)[];
  /** The dates whose submission covers most of the silence before it: by rule 4 no placeholder ends there. */
  readonly covered: ReadonlySet<Day>;
}

/** The timeline of submissions, which must be in ascending order of their dates (HISTORY.md, rules 3 and 4). */
export function timelineOf(submissions: readonly Submission[], policy: Policy): Timeline {
  const silentFrom: (Day | undefined)[] = [];
  const covered = new Set<Day>();
  const validity = policy.validityDays;
  submissions.forEach(({ date }, index) => {
    const before = submissions[index - 1];
    silentFrom[index] = undefined;
    if (before === undefined || validity === null || date <= before.date + validity) return;
    if (coversSilence(before.date + validity, date, submissions[index + 1]?.date, validity, policy)) covered.add(date);
    else silentFrom[index] = before.date + validity;
  });
  return { submissions, silentFrom, covered };
}

function coversSilence(from: Day, date: Day, next: Day | undefined, validity: number, policy: Policy): boolean {
  if (next === undefined) return false;
  return reaches(Math.min(next, date + validity) - date, next - from, policy.coverage);
}
