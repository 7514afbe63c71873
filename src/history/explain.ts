import { covers, isObservation, type ItemEvent, type Version } from './chain.js';
import type { Day } from './day.js';
import type { Policy } from './policy.js';
import type { Submission, Timeline } from './timeline.js';

/** Why each version of a chain is there (HISTORY.md, rules 1 to 4), as facts. */
export interface Explanation {
  readonly version: Version;
  /** What is said of the item where the version starts; a placeholder says `silent`. */
  readonly cause: 'observed' | 'void' | 'missing' | 'silent';
  /** What came before the version; by rule 2 it starts behind a placeholder even where nothing changed. */
  readonly follows: 'nothing' | 'version' | 'placeholder';
  /** By index, the tracked values that differ from those of the version before. */
  readonly changed: readonly number[];
  /** The submission that made the version: at its start, or for a placeholder the one that ended it. */
  readonly submission: Submission;
  /** Dates behind its start at which the item was observed with the same values. */
  readonly confirmed: readonly Day[];
  /** The silence that a placeholder stands for. */
  readonly silence: Silence | undefined;
  /** Silences within the version that rule 4 took away. */
  readonly replaced: readonly Silence[];
}

/** A silence by rule 3, and how much of it the submission that ended it covers by rule 4; all in days. */
export interface Silence {
  /** The submission before it, d₁, and the first day of the silence, d₁ + V. */
  readonly last: Submission;
  readonly from: Day;
  /** The submission that ended it, d₂, and the next behind that, d₃, if there is one yet. */
  readonly end: Submission;
  readonly next: Submission | undefined;
  /** min(d₃, d₂ + V) − d₂ of d₃ − (d₁ + V) days; undefined without d₃. */
  readonly covered: { readonly days: number; readonly of: number } | undefined;
}

/** Explains a chain that was derived whole from the events, which are ascending, one a date. */
export function explainChain(timeline: Timeline, events: readonly ItemEvent[], policy: Policy, chain: readonly Version[]): Explanation[] {
  const silences = silencesOf(timeline, policy).filter(({ last }) => chain.length > 0 && last.date >= chain[0]!.from);
  return chain.map((version, index) => {
    const before = chain[index - 1];
    const silence = version.isPlaceholder ? silences.find(({ from }) => from === version.from) : undefined;
    return {
      version, silence,
      cause: version.isPlaceholder ? 'silent' : causeOf(events.find(({ date }) => date === version.from)),
      follows: before === undefined ? 'nothing' : before.isPlaceholder ? 'placeholder' : 'version',
      changed: before === undefined || before.isPlaceholder || version.isPlaceholder ? [] : differences(before, version),
      submission: silence?.end ?? timeline.submissions.find(({ date }) => date === version.from)!,
      confirmed: events.filter((event) => isObservation(event) && event.date > version.from && covers(version, event.date)).map(({ date }) => date),
      replaced: silences.filter(({ from, end }) => timeline.covered.has(end.date) && covers(version, from)),
    };
  });
}

function silencesOf({ submissions }: Timeline, { validityDays }: Policy): Silence[] {
  if (validityDays === null) return [];
  return submissions.flatMap((end, index) => {
    const last = submissions[index - 1];
    if (last === undefined || end.date <= last.date + validityDays) return [];
    const next = submissions[index + 1];
    const from = last.date + validityDays;
    const covered = next === undefined ? undefined : { days: Math.min(next.date, end.date + validityDays) - end.date, of: next.date - from };
    return [{ last, from, end, next, covered }];
  });
}

function causeOf(event: ItemEvent | undefined): Explanation['cause'] {
  if (event === undefined) return 'missing';
  return isObservation(event) ? 'observed' : 'void';
}

function differences(one: Version, other: Version): number[] {
  return one.tracked.flatMap((value, index) => (value === other.tracked[index] ? [] : [index]));
}
