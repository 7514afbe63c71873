/** The chain of an item, derived from nothing by rules 1 to 4. */

import { isAtLeast } from './days.js';
import { type Entry, firstBatchOf, observationsOf, standAt, submissionDates } from './record.js';
import type { ModelPolicy } from './types.js';

/** One version of an item over [from, to), in days; `to` null is the open one. */
export interface Version {
  readonly from: number;
  readonly to: number | null;
  readonly amount: number | null;
  readonly term: string;
  readonly company: string;
  readonly isPlaceholder: boolean;
  readonly isMissing: boolean;
  readonly batchId: number;
}

/** A placeholder by rule 3 alone: [from, to), and the next submission date behind `to`, if there is one. */
export interface Silence {
  readonly from: number;
  readonly to: number;
  readonly next: number | null;
}

/** An item's value at a submission date (rule 1). */
interface Value {
  readonly date: number;
  readonly amount: number | null;
  readonly term: string;
  readonly company: string;
  readonly isMissing: boolean;
}

/** A version whose end, name and batch are not settled yet. */
type Start = Omit<Version, 'to' | 'batchId'>;

/** The versions of an item, in order; none if it has no observation on record. */
export function chainOf(entries: readonly Entry[], account: string, reference: string, policy: ModelPolicy): Version[] {
  const values = valuesOf(entries, account, reference, policy);
  const starts = startsOf(values, silencesOf(entries, account, reference, policy), policy, account);
  return starts.map((start, i) => {
    const to = starts[i + 1]?.from ?? null;
    const company = start.isPlaceholder ? start.company : nameIn(entries, account, reference, start, to);
    return { ...start, to, company, batchId: makerOf(entries, account, reference, start, to) };
  });
}

/** The account's submission dates from the item's first observation on. */
export function datesOf(entries: readonly Entry[], account: string, reference: string): number[] {
  const [first] = observationsOf(entries, account, reference);
  return first ? submissionDates(entries, account).filter((date) => date >= first.date) : [];
}

/** Rule 3: where the account fell silent within the item's life. */
export function silencesOf(
  entries: readonly Entry[],
  account: string,
  reference: string,
  policy: ModelPolicy,
): Silence[] {
  const validity = validityOf(policy, account);
  if (validity === null) return [];
  const dates = datesOf(entries, account, reference);
  return dates.flatMap((d2, i) => {
    const d1 = dates[i - 1];
    return d1 !== undefined && d2 > d1 + validity ? [{ from: d1 + validity, to: d2, next: dates[i + 1] ?? null }] : [];
  });
}

/** Rule 4: whether the submission that ended a silence turned out to cover most of it. */
export function isCovered(silence: Silence, policy: ModelPolicy, account: string): boolean {
  const validity = validityOf(policy, account);
  const { from, to: d2, next: d3 } = silence;
  if (validity === null || d3 === null) return false;
  return isAtLeast(Math.min(d3, d2 + validity) - d2, d3 - from, policy.placeholderReplaceCoverage);
}

/** V of an account in days, null for none. */
function validityOf(policy: ModelPolicy, account: string): number | null {
  return Object.hasOwn(policy.accountValidityDays, account)
    ? (policy.accountValidityDays[account] ?? null)
    : policy.validityDays;
}

/** Rule 1: the item's value at each submission date from its first observation on. */
function valuesOf(entries: readonly Entry[], account: string, reference: string, policy: ModelPolicy): Value[] {
  const values: Value[] = [];
  for (const date of datesOf(entries, account, reference)) {
    const stand = standAt(entries, account, reference, date);
    if (stand.kind === 'observed') {
      const { amount, term, company } = stand.observation;
      values.push({ date, amount, term, company, isMissing: false });
      continue;
    }
    const before = values.at(-1);
    if (!before) throw new Error('the first value of an item is always observed');
    const isZero = stand.kind === 'missing' && policy.missingItems === 'zero';
    values.push(isZero ? { ...before, date, amount: 0, isMissing: true } : { ...before, date });
  }
  return values;
}

/** Rule 2, with the placeholders that rule 4 leaves standing. */
function startsOf(
  values: readonly Value[],
  silences: readonly Silence[],
  policy: ModelPolicy,
  account: string,
): Start[] {
  const placeholders = silences.filter((silence) => !isCovered(silence, policy, account));
  const starts: Start[] = [];
  values.forEach(({ date, ...value }, i) => {
    const placeholder = placeholders.find((silence) => silence.to === date);
    if (placeholder) starts.push(placeholderStart(placeholder, values[i - 1]?.company ?? ''));
    const last = starts.at(-1);
    const runsOn = last && !last.isPlaceholder && last.amount === value.amount && last.term === value.term;
    if (!runsOn) starts.push({ from: date, ...value, isPlaceholder: false });
  });
  return starts;
}

function placeholderStart(silence: Silence, company: string): Start {
  return { from: silence.from, amount: null, term: 'N/A', company, isPlaceholder: true, isMissing: false };
}

/** The name of the latest observation in [from, to), else the one carried to its start. */
function nameIn(
  entries: readonly Entry[],
  account: string,
  reference: string,
  start: Start,
  to: number | null,
): string {
  const inside = observationsOf(entries, account, reference).filter(
    (entry) => entry.date >= start.from && (to === null || entry.date < to),
  );
  return inside.at(-1)?.company ?? start.company;
}

/** The batch that made a version; a placeholder is made by the submission that ended it. */
function makerOf(
  entries: readonly Entry[],
  account: string,
  reference: string,
  start: Start,
  to: number | null,
): number {
  const observation = observationsOf(entries, account, reference).find((entry) => entry.date === start.from);
  if (observation) return observation.batchId;
  const submission = start.isPlaceholder && to !== null ? to : start.from;
  return firstBatchOf(entries, account, submission);
}
