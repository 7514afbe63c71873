import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deriveChain, isObservation, NEEDS_WHOLE, type ItemEvent, type Version } from '../../src/history/chain.js';
import type { Day } from '../../src/history/day.js';
import { fractionOf } from '../../src/history/fraction.js';
import { deriveItem } from '../../src/history/item.js';
import type { Policy } from '../../src/history/policy.js';
import { timelineOf, type Submission } from '../../src/history/timeline.js';
import { windowOf, type Window } from '../../src/history/window.js';

/** The derivation within the window of a change, held against that of the whole chain. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 3_000);

/** What an account's submission at a date says of the item; null is no submission. */
type Saying = 'missing' | 'void' | { readonly amount: number | null; readonly term: string; readonly name: string } | null;

/** A date behind the one before, with what is said there before and after the change. */
interface Place {
  readonly gap: number;
  readonly before: Saying;
  readonly after: Saying;
  readonly isChanged: boolean;
}

const sayings = fc.oneof(
  { weight: 5, arbitrary: fc.record({ amount: fc.constantFrom(1, 1, 2, null), term: fc.constantFrom('Cash', 'Cash', '7 Days'), name: fc.constantFrom('Acme', 'Bolt', 'Cole') }) },
  { weight: 2, arbitrary: fc.constant<Saying>('missing') },
  { weight: 1, arbitrary: fc.constant<Saying>('void') },
  { weight: 2, arbitrary: fc.constant<Saying>(null) },
);
const places: fc.Arbitrary<Place[]> = fc.array(fc.record({
  gap: fc.constantFrom(1, 9, 10, 11, 12, 13, 20, 21, 40), before: sayings, after: sayings, isChanged: fc.constantFrom(false, false, false, true),
}), { minLength: 1, maxLength: 14 });
const policies: fc.Arbitrary<Policy> = fc.record({
  validityDays: fc.constantFrom(10, 10, 10, 20, null), coverage: fc.constantFrom(0.8, 0.5, 1, 0.1).map(fractionOf), missingItems: fc.constantFrom('zero', 'zero', 'keep'),
  tracked: fc.constant([{ whenMissing: 0, whenSilent: null }, { whenSilent: 'N/A' }]),
});

interface Side {
  readonly submissions: Submission[];
  readonly events: ItemEvent[];
}

/** What is on record; a changed date is another batch's. */
function sideOf(dated: readonly (Place & { readonly date: Day })[], side: 'before' | 'after'): Side {
  const said = dated.map((place, index) => ({
    date: place.date, saying: place.isChanged ? place[side] : place.before, batch: index + 1 + (place.isChanged && side === 'after' ? 100 : 0),
  })).filter(({ saying }) => saying !== null);
  return {
    submissions: said.map(({ date, batch }) => ({ date, batch })),
    events: said.flatMap(({ date, saying, batch }): ItemEvent[] => {
      if (saying === 'missing' || saying === null) return [];
      return [saying === 'void' ? { date } : { date, batch, tracked: [saying.amount, saying.term], untracked: [saying.name] }];
    }),
  };
}

function wholeChain({ submissions, events }: Side, policy: Policy): Version[] {
  if (!events.some(isObservation)) return [];
  const chain = deriveChain(timelineOf(submissions, policy), events, policy);
  if (chain === NEEDS_WHOLE) throw new Error('the whole chain is whole');
  return chain;
}

/** The versions that reach into a window: what the database is asked for. */
function within<T extends Version>(chain: readonly T[], { from, until }: Window): T[] {
  return chain.filter((version) => (from === undefined || version.to === null || version.to > from) && (until === undefined || version.from <= until));
}

function merged(one: readonly Submission[], other: readonly Submission[]): Submission[] {
  const byDate = new Map([...one, ...other].map((submission) => [submission.date, submission]));
  return [...byDate.values()].sort((a, b) => a.date - b.date);
}

test('a chain that is derived within the window of a change is the whole one, names and batches included', () => {
  const seen = { whole: 0, windowed: 0, cut: 0 };
  fc.assert(fc.property(places, policies, (drawn, policy) => {
    let day = 19_000;
    const dated = drawn.map((place) => ({ ...place, date: day += place.gap }));
    const dates = dated.filter(({ isChanged }) => isChanged).map(({ date }) => date);
    if (dates.length === 0) return;
    const [before, after] = [sideOf(dated, 'before'), sideOf(dated, 'after')];
    const window = windowOf(merged(before.submissions, after.submissions), dates);
    const inWindow = ({ date }: ItemEvent): boolean => (window.from === undefined || date > window.from) && (window.until === undefined || date <= window.until);
    const stored = within(wholeChain(before, policy), window).map((version, id) => ({ ...version, id }));
    const outcome = deriveItem(
      { policy, window, steps: [{ date: Infinity, timeline: timelineOf(after.submissions, policy) }] },
      { stored, before: before.events.filter(inWindow), after: after.events.filter(inWindow), accepted: [] },
    );
    if (outcome === NEEDS_WHOLE) return void (seen.whole += 1);
    seen.windowed += 1;
    if (window.from !== undefined || window.until !== undefined) seen.cut += 1;
    expect(outcome.chain.map(({ ...version }) => ({ ...version, id: undefined }))).toEqual(within(wholeChain(after, policy), window).map((version) => ({ ...version, id: undefined })));
  }), { numRuns: RUNS });
  // Most changes are settled by their window, and most windows are narrower than the chain: else nothing was tested.
  expect(seen.windowed).toBeGreaterThan(seen.whole);
  expect(seen.cut).toBeGreaterThan(seen.windowed / 2);
  if (process.env['SCD_PROPERTY_RUNS'] !== undefined) process.stdout.write(`${JSON.stringify(seen)}\n`);
});
