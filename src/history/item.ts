import { actionOf, type Action } from './action.js';
import { covers, deriveChain, isObservation, NEEDS_WHOLE, type Carry, type ItemEvent, type Version } from './chain.js';
import type { Day } from './day.js';
import type { StoredVersion } from './diff.js';
import type { Policy } from './policy.js';
import type { Timeline } from './timeline.js';
import type { Window } from './window.js';

/** A change of what is on record of an account as the rules see it: its submissions one after another. */
export interface RecordChange {
  readonly policy: Policy;
  readonly window: Window;
  /** At least one; the last is how things are afterwards. */
  readonly steps: readonly Step[];
}

/** One submission of the change, whole: from here on the events up to `date` are those after the change. */
export interface Step {
  readonly date: Day;
  readonly timeline: Timeline;
}

/** An item within the window of a change. Events lie behind the window's start, ascending, one a date. */
export interface ItemHistory {
  readonly stored: readonly StoredVersion[];
  readonly before: readonly ItemEvent[];
  readonly after: readonly ItemEvent[];
  /** The dates at which rows of the change were accepted for the item, ascending. */
  readonly accepted: readonly Day[];
}

/** What becomes of an item. */
export interface ItemOutcome {
  readonly chain: readonly Version[];
  /** By date, what the rows accepted there did. */
  readonly actions: ReadonlyMap<Day, Action>;
}

/** The chain of an item after a change, within the window, and what each of its rows did. */
export function deriveItem(change: RecordChange, item: ItemHistory): ItemOutcome | typeof NEEDS_WHOLE {
  if (!isSettled(change.window, item)) return NEEDS_WHOLE;
  const carry = carryOf(change, item);
  const actions = new Map<Day, Action>();
  let chain: readonly Version[] | typeof NEEDS_WHOLE = item.stored;
  let derivedAt = -1;
  for (const [index, step] of change.steps.entries()) {
    const isLast = index === change.steps.length - 1;
    const isOwn = item.accepted.includes(step.date);
    if (!isOwn && !isLast) continue;
    const before: readonly Version[] | typeof NEEDS_WHOLE = isOwn && derivedAt !== index - 1 ? chainAt(change, item, index - 1, carry) : chain;
    chain = chainAt(change, item, index, carry);
    derivedAt = index;
    if (before === NEEDS_WHOLE || chain === NEEDS_WHOLE) return NEEDS_WHOLE;
    if (isOwn) actions.set(step.date, actionOf(before, chain, step.date, step.timeline));
  }
  return { chain: chain, actions };
}

function isSettled({ until }: Window, item: ItemHistory): boolean {
  return until === undefined || item.after.some((event) => event.date === until && isObservation(event));
}

function carryOf({ window, steps }: RecordChange, item: ItemHistory): Carry | undefined {
  const from = window.from;
  if (from === undefined) return undefined;
  const version = item.stored.find((candidate) => covers(candidate, from));
  if (version === undefined) return undefined;
  const isRenamed = item.before.some((event) => isObservation(event) && covers(version, event.date));
  return {
    index: steps[0]!.timeline.submissions.findIndex(({ date }) => date === from),
    version,
    untracked: isRenamed ? undefined : version.untracked,
  };
}

function chainAt(
  change: RecordChange, item: ItemHistory, index: number, carry: Carry | undefined,
): readonly Version[] | typeof NEEDS_WHOLE {
  const step = change.steps[index];
  if (step === undefined) return item.stored;
  const { until } = change.window;
  const events = index === change.steps.length - 1 ? item.after : eventsUpTo(step.date, item);
  const end = until === undefined ? undefined : step.timeline.submissions.findIndex(({ date }) => date === until) + 1;
  const chain = deriveChain(step.timeline, events, change.policy, carry, end);
  if (chain !== NEEDS_WHOLE && until !== undefined) joinBehind(chain, item.stored, until);
  return chain;
}

/** Before the last step, the events of later dates are still those of before the change. */
function eventsUpTo(date: Day, item: ItemHistory): ItemEvent[] {
  const done = item.after.filter((event) => event.date <= date);
  return [...done, ...item.before.filter((event) => event.date > date)];
}

/** A settled item goes on behind the window as it did: only the start of its last version there is new. */
function joinBehind(chain: Version[], stored: readonly StoredVersion[], until: Day): void {
  const last = chain[chain.length - 1]!;
  const known = stored.find((version) => covers(version, until))!;
  last.to = known.to;
  last.untracked = known.untracked;
}
