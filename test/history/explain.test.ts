import { describe, expect, test } from '@jest/globals';
import { deriveChain, NEEDS_WHOLE, type ItemEvent } from '../../src/history/chain.js';
import { explainChain, type Explanation } from '../../src/history/explain.js';
import { fractionOf } from '../../src/history/fraction.js';
import type { Policy } from '../../src/history/policy.js';
import { timelineOf, type Submission } from '../../src/history/timeline.js';

/** An account that submitted on some days; each submission counts for ten. */
const POLICY: Policy = {
  validityDays: 10, coverage: fractionOf(0.8), missingItems: 'zero', tracked: [{ whenMissing: 0, whenSilent: null }, { whenSilent: 'N/A' }],
};

function submitted(...dates: readonly number[]): Submission[] {
  return dates.map((date) => ({ date, batch: date + 100 }));
}

function observed(date: number, amount: number, term = 'Cash'): ItemEvent {
  return { date, batch: date + 100, tracked: [amount, term], untracked: ['Acme'] };
}

function explained(submissions: readonly Submission[], events: readonly ItemEvent[], changes: Partial<Policy> = {}): Explanation[] {
  const policy = { ...POLICY, ...changes };
  const timeline = timelineOf(submissions, policy);
  const chain = deriveChain(timeline, events, policy);
  if (chain === NEEDS_WHOLE) throw new Error('a whole chain needs nothing else');
  return explainChain(timeline, events, policy, chain);
}

describe('a version is explained', () => {
  test('by the file that first named the item, and by what changed since', () => {
    const submissions = submitted(0, 5, 10, 15);
    expect(explained(submissions, [observed(0, 1), observed(5, 2), observed(10, 2, '7 Days'), observed(15, 3, 'Cash')])).toMatchObject([
      { cause: 'observed', follows: 'nothing', changed: [], submission: submissions[0], confirmed: [], silence: undefined, replaced: [] },
      { cause: 'observed', follows: 'version', changed: [0], submission: submissions[1] },
      { cause: 'observed', follows: 'version', changed: [1], submission: submissions[2] },
      { cause: 'observed', follows: 'version', changed: [0, 1], submission: submissions[3] },
    ]);
  });

  test('with the dates that confirmed it: neither its start nor what follows it', () => {
    const [first, second] = explained(submitted(0, 5, 9, 12, 20), [observed(0, 1), observed(5, 1), observed(9, 1), observed(12, 2), observed(20, 2)]);
    expect([first!.confirmed, second!.confirmed]).toEqual([[5, 9], [20]]);
  });

  test('by a submission that leaves the item out, or names it without a value; neither confirms anything', () => {
    expect(explained(submitted(0, 5, 10), [observed(0, 1), { date: 5 }])).toMatchObject([
      { cause: 'observed', confirmed: [] }, { version: { from: 10, isMissing: true, tracked: [0, 'Cash'] }, cause: 'missing', follows: 'version', changed: [0] },
    ]);
    expect(explained(submitted(0, 20), [observed(0, 1), { date: 20 }])).toMatchObject([
      { cause: 'observed' }, { cause: 'silent' }, { version: { from: 20 }, cause: 'void', follows: 'placeholder', changed: [] },
    ]);
  });

  test('by a silence of the account, with its days and the submission that ended it', () => {
    const submissions = submitted(0, 30, 35);
    expect(explained(submissions, [observed(0, 1), observed(30, 1), observed(35, 1)])).toMatchObject([
      { version: { from: 0, to: 10 }, cause: 'observed' },
      {
        version: { from: 10, to: 30, isPlaceholder: true }, cause: 'silent', follows: 'version', changed: [], submission: submissions[1],
        silence: { last: submissions[0], from: 10, end: submissions[1], next: submissions[2], covered: { days: 5, of: 25 } }, replaced: [],
      },
      { version: { from: 30, to: null }, cause: 'observed', follows: 'placeholder', changed: [], submission: submissions[1], confirmed: [35], silence: undefined },
    ]);
  });

  test('by a silence of which nobody knows yet how much is covered', () => {
    expect(explained(submitted(0, 30), [observed(0, 1), observed(30, 1)])[1]!.silence).toMatchObject({ next: undefined, covered: undefined });
  });

  test('with the silences within it that a submission covers for the most part, up to as long as that counts', () => {
    const submissions = submitted(0, 12, 40);
    const [first] = explained(submitted(0, 12, 22), [observed(0, 1), observed(12, 1), observed(22, 1)]);
    expect(first).toMatchObject({ version: { from: 0, to: null }, confirmed: [12, 22], replaced: [{ from: 10, end: { date: 12 }, covered: { days: 10, of: 12 } }] });
    // It counts for ten days of the thirty.
    expect(explained(submissions, [observed(0, 1), observed(12, 1), observed(40, 1)]).map(({ replaced, silence }) => [replaced, silence?.covered])).toEqual([
      [[], undefined], [[], { days: 10, of: 30 }], [[], undefined], [[], undefined], [[], undefined],
    ]);
  });

  test('as far as the item was there: a silence before its first file is not its own', () => {
    const [only] = explained(submitted(0, 12, 22), [observed(22, 1)]);
    expect(only).toMatchObject({ cause: 'observed', follows: 'nothing', replaced: [] });
    // One that begins with its first file is.
    expect(explained(submitted(0, 30), [observed(0, 1), observed(30, 1)])[1]!.silence).toMatchObject({ from: 10 });
  });

  test('without silences where placeholders are turned off, or where a submission comes on the last day that the one before counts', () => {
    expect(explained(submitted(0, 90), [observed(0, 1), observed(90, 1)], { validityDays: null })).toMatchObject([{ confirmed: [90], replaced: [], silence: undefined }]);
    expect(explained(submitted(0, 10, 20), [observed(0, 1), observed(10, 1), observed(20, 1)])).toMatchObject([{ confirmed: [10, 20], replaced: [], silence: undefined }]);
  });

  test('not at all where there is none', () => {
    expect(explained(submitted(0, 30), [])).toEqual([]);
  });
});
