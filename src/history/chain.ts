import type { Day } from './day.js';
import type { Policy, TrackedRule, Value } from './policy.js';
import type { Submission, Timeline } from './timeline.js';

/**
 * The chain of an item: a pure function of what is on record and of the policy (HISTORY.md, The chain of an item).
 *
 * It can be derived whole, or from a submission on of which the item's value is known (a carry). A carry may leave
 * open what only the past knows; where the result would depend on that, derivation says so instead of guessing.
 */

/** An item's values over the half-open period [from, to); null is the open end. */
export interface Version {
  readonly from: Day;
  to: Day | null;
  readonly tracked: readonly Value[];
  untracked: readonly Value[];
  readonly isPlaceholder: boolean;
  readonly isMissing: boolean;
  readonly batch: number;
}

/** Whether a version holds on a day. */
export function covers({ from, to }: Version, day: Day): boolean {
  return from <= day && (to === null || day < to);
}

/** What is on record of an item at a date. */
export interface Observation {
  readonly date: Day;
  readonly tracked: readonly Value[];
  readonly untracked: readonly Value[];
  /** The first-admitted batch with this observation. */
  readonly batch: number;
}

/** An item named in a submission without an observation on record. */
interface Void {
  readonly date: Day;
}

export type ItemEvent = Observation | Void;

/** What an item brings along from the submission at `index`: the version that covers it. */
export interface Carry {
  readonly index: number;
  readonly version: Version;
  /** The untracked values of its latest observation up to there; undefined where the version may say later ones. */
  readonly untracked: readonly Value[] | undefined;
}

/** The values of an item at a submission; undefined is what only the past before the carry knows. */
interface Standing {
  readonly tracked: readonly Value[];
  readonly untracked: readonly Value[] | undefined;
  readonly isMissing: boolean | undefined;
}

/** Says that a chain depends on what lies outside the window: derive it whole. */
export const NEEDS_WHOLE = Symbol('needs the whole chain');

/**
 * The versions of an item from its first observation, or from its carry, to the submission at `end` (exclusive).
 * `events` are ascending, at most one a date, all at submissions behind the carry. The last version is open.
 */
export function deriveChain(
  timeline: Timeline, events: readonly ItemEvent[], policy: Policy, carry?: Carry, end = timeline.submissions.length,
): Version[] | typeof NEEDS_WHOLE {
  const chain = new ChainBuilder(policy.tracked);
  const first = carry?.index ?? firstObservation(timeline.submissions, events);
  let standing = carry === undefined ? undefined : chain.resume(carry, policy);
  let next = 0;
  for (let index = carry === undefined ? first : first + 1; index < end; index += 1) {
    const submission = timeline.submissions[index]!;
    while (next < events.length && events[next]!.date < submission.date) next += 1;
    const event = events[next]?.date === submission.date ? events[next] : undefined;
    const silence = timeline.silentFrom[index];
    if (standing !== undefined && silence !== undefined) chain.silence(silence, submission, standing);
    standing = standingAt(event, standing, policy);
    chain.submit(submission, standing, event);
  }
  return chain.finish();
}

/** Whether an event is an observation. */
export function isObservation(event: ItemEvent | undefined): event is Observation {
  return event !== undefined && 'tracked' in event;
}

/** Whether two lists of values are the same, value by value. */
export function sameValues(one: readonly Value[], other: readonly Value[]): boolean {
  return one.every((value, index) => value === other[index]);
}

/** An observation outside of any submission cannot be, save in a damaged database: it is passed over. */
function firstObservation(submissions: readonly Submission[], events: readonly ItemEvent[]): number {
  for (const event of events) {
    const index = isObservation(event) ? submissions.findIndex(({ date }) => date === event.date) : -1;
    if (index >= 0) return index;
  }
  return submissions.length;
}

function standingAt(event: ItemEvent | undefined, before: Standing | undefined, policy: Policy): Standing {
  if (isObservation(event)) return { tracked: event.tracked, untracked: event.untracked, isMissing: false };
  if (before === undefined) throw new Error('a chain must start with an observation');
  if (event !== undefined || policy.missingItems === 'keep') return before;
  return { tracked: zeroed(before.tracked, policy.tracked), untracked: before.untracked, isMissing: true };
}

/** Values as they become where an item is missing from a submission. */
export function zeroed(tracked: readonly Value[], rules: readonly TrackedRule[]): readonly Value[] {
  return tracked.map((value, index) => {
    const whenMissing = rules[index]?.whenMissing;
    return whenMissing === undefined ? value : whenMissing;
  });
}

/** Puts versions one behind the other. */
class ChainBuilder {
  private readonly versions: Version[] = [];
  private current: Version | undefined;
  private needsPast = false;
  /** The carried version has no observation yet whose untracked values it could take. */
  private openUntracked = false;

  constructor(private readonly rules: readonly TrackedRule[]) {}

  resume({ version, untracked }: Carry, policy: Policy): Standing {
    this.start({ ...version, untracked: untracked ?? [], to: null });
    this.openUntracked = untracked === undefined;
    // A version tells why it started, not whether the item was missing at the carry.
    return { tracked: version.tracked, untracked, isMissing: policy.missingItems === 'keep' ? false : undefined };
  }

  silence(from: Day, submission: Submission, standing: Standing): void {
    this.close(from);
    this.start({
      from, to: submission.date, tracked: this.rules.map((rule) => rule.whenSilent),
      untracked: this.known(standing.untracked, []), isPlaceholder: true, isMissing: false, batch: submission.batch,
    });
    this.current = undefined;
  }

  submit(submission: Submission, standing: Standing, event: ItemEvent | undefined): void {
    if (this.current !== undefined && sameValues(this.current.tracked, standing.tracked)) {
      if (isObservation(event)) this.rename(event.untracked);
      return;
    }
    this.close(submission.date);
    this.start({
      from: submission.date, to: null, tracked: standing.tracked, untracked: this.known(standing.untracked, []),
      isPlaceholder: false, isMissing: this.known(standing.isMissing, false),
      batch: isObservation(event) ? event.batch : submission.batch,
    });
  }

  finish(): Version[] | typeof NEEDS_WHOLE {
    return this.needsPast || this.openUntracked ? NEEDS_WHOLE : this.versions;
  }

  private rename(untracked: readonly Value[]): void {
    this.current!.untracked = untracked;
    this.openUntracked = false;
  }

  private close(at: Day): void {
    if (this.current !== undefined) this.current.to = at;
    if (this.openUntracked) this.needsPast = true;
  }

  private start(version: Version): void {
    this.current = version;
    this.versions.push(version);
  }

  private known<T>(value: T | undefined, otherwise: T): T {
    if (value === undefined) this.needsPast = true;
    return value ?? otherwise;
  }
}
