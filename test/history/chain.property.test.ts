import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { actionOf, countEffects } from '../../src/history/action.js';
import { deriveChain, isObservation, NEEDS_WHOLE, type ItemEvent, type Version } from '../../src/history/chain.js';
import { diff, type StoredVersion } from '../../src/history/diff.js';
import { fractionOf } from '../../src/history/fraction.js';
import type { Policy } from '../../src/history/policy.js';
import { timelineOf, type Submission } from '../../src/history/timeline.js';
import { chainOf } from '../model/chain.js';
import { actionsOf, countsOf } from '../model/effects.js';
import { firstBatchOf, observationsOf, standAt, submissionDates, type Entry } from '../model/record.js';
import type { ModelPolicy } from '../model/types.js';

/** The rules as pure functions, held against the brute-force model without a database between them. */

const RUNS = { numRuns: Number(process.env['SCD_PROPERTY_RUNS'] ?? 400) };

/** What a batch says of the item at a date; `other` is a row of another item, so that the item is missing. */
const sayings = fc.record({
  date: fc.constantFrom(0, 1, 9, 10, 11, 12, 20, 21, 22, 23, 31, 32, 40, 41, 60), amount: fc.constantFrom(0, 1, 1, 2, null), term: fc.constantFrom('Cash', 'Cash', '7 Days'),
  company: fc.constantFrom('Acme', 'Bolt', 'Cole'), as: fc.constantFrom('observed', 'observed', 'observed', 'other', 'other', 'removed', 'failed'),
});
const policies: fc.Arbitrary<ModelPolicy> = fc.record({
  validityDays: fc.constantFrom(10, 10, 10, 20, null), accountValidityDays: fc.constant({}), missingItems: fc.constantFrom('zero', 'zero', 'keep'),
  placeholderReplaceCoverage: fc.constantFrom(0.8, 0.5, 1, 0, 0.3), maxFailureRatio: fc.constant(1),
});

/** A record without contradictions: at a date all rows of the item say what its first says. */
const records = fc.array(sayings, { minLength: 1, maxLength: 12 }).map((said) => said.map(({ as, ...saying }, index): Entry => {
  const first = said.find((other) => other.date === saying.date && other.as !== 'other')!;
  const { amount, term, company } = as === 'other' ? saying : first;
  return {
    date: saying.date, amount, term, company, batchId: 100 - index, admission: index, row: index + 2, account: 'A', reference: as === 'other' ? 'y' : 'x',
    standing: as === 'other' ? 'observed' : as,
  };
}));

function policyOf(policy: ModelPolicy): Policy {
  return {
    validityDays: policy.validityDays, coverage: fractionOf(policy.placeholderReplaceCoverage), missingItems: policy.missingItems,
    tracked: [{ whenMissing: 0, whenSilent: null }, { whenSilent: 'N/A' }],
  };
}

function submissionsOf(entries: readonly Entry[]): Submission[] {
  return submissionDates(entries, 'A').map((date) => ({ date, batch: firstBatchOf(entries, 'A', date) }));
}

function eventsOf(entries: readonly Entry[]): ItemEvent[] {
  return submissionDates(entries, 'A').flatMap((date): ItemEvent[] => {
    const stand = standAt(entries, 'A', 'x', date);
    if (stand.kind !== 'observed') return stand.kind === 'void' ? [{ date }] : [];
    const { amount, term, company, batchId } = stand.observation;
    return [{ date, batch: batchId, tracked: [amount, term], untracked: [company] }];
  });
}

function derived(entries: readonly Entry[], policy: ModelPolicy): Version[] {
  const chain = deriveChain(timelineOf(submissionsOf(entries), policyOf(policy)), eventsOf(entries), policyOf(policy));
  if (chain === NEEDS_WHOLE) throw new Error('a whole chain needs nothing else');
  return chain;
}

function modelled(entries: readonly Entry[], policy: ModelPolicy): Version[] {
  return chainOf(entries, 'A', 'x', policy).map(({ from, to, amount, term, company, isPlaceholder, isMissing, batchId }) => (
    { from, to, tracked: [amount, term], untracked: [company], isPlaceholder, isMissing, batch: batchId }));
}

test('a chain is what the model says', () => {
  fc.assert(fc.property(records, policies, (entries, policy) => {
    expect(derived(entries, policy)).toEqual(modelled(entries, policy));
  }), RUNS);
});

test('a chain has no gap, no overlap, and its last version is open', () => {
  fc.assert(fc.property(records, policies, (entries, policy) => {
    const chain = derived(entries, policy);
    chain.forEach(({ to }, index) => expect(to).toBe(chain[index + 1]?.from ?? null));
    expect(chain[0]?.from).toBe(observationsOf(entries, 'A', 'x')[0]?.date);
  }), RUNS);
});

test('a row did what the model says, and so did its batch', () => {
  fc.assert(fc.property(records, policies, sayings, (before, policy, saying) => {
    const rival = before.find((entry) => entry.reference === 'x' && entry.date === saying.date);
    const row: Entry = {
      ...saying, ...(rival === undefined ? {} : { amount: rival.amount, term: rival.term, company: rival.company }),
      batchId: 200, admission: 99, row: 2, account: 'A', reference: 'x', standing: 'observed',
    };
    const after = [...before, row];
    const [was, is] = [derived(before, policy), derived(after, policy)];
    expect(actionOf(was, is, row.date, timelineOf(submissionsOf(after), policyOf(policy)))).toBe(actionsOf(before, [row], 'A', policy).get(2));
    const effects = { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 };
    countEffects(effects, was, is);
    const other = { ...countsOf(before, after, 'A', policy) };
    const ofOther = countsOf(before.map(asY), after.map(asY), 'A', policy);
    expect({ ...effects }).toEqual({ zeroed: other.zeroed - ofOther.zeroed, placeholdersInserted: other.placeholdersInserted - ofOther.placeholdersInserted, placeholdersReplaced: other.placeholdersReplaced - ofOther.placeholdersReplaced });
  }), RUNS);
});

/** The record with the item's own rows as another account's: what is left is what happened to the other item. */
function asY(entry: Entry): Entry {
  return entry.reference === 'x' ? { ...entry, reference: 'hidden', standing: entry.standing === 'failed' ? 'failed' : 'removed' } : entry;
}

test('a difference turns what is stored into what is derived, and touches nothing else', () => {
  fc.assert(fc.property(records, records, policies, (stored, wanted, policy) => {
    const before = derived(stored, policy).map((version, index): StoredVersion => ({ ...version, id: index + 1 }));
    const after = derived(wanted, policy);
    const { removed, updated, inserted } = diff(before, after);
    const kept = before.filter(({ id }) => !removed.includes(id)).map((version) => updated.find(({ id }) => id === version.id) ?? version);
    const whole = [...kept.map(({ id: _, ...version }) => version), ...inserted].sort((one, other) => one.from - other.from);
    expect(whole).toEqual(after);
    for (const version of updated) {
      const old = before.find(({ id }) => id === version.id)!;
      expect(version).not.toEqual(old);
      expect([version.from, version.isPlaceholder, version.tracked]).toEqual([old.from, old.isPlaceholder, old.tracked]);
    }
    for (const version of inserted) {
      expect(before).not.toContainEqual(expect.objectContaining({ from: version.from, isPlaceholder: version.isPlaceholder, tracked: version.tracked }));
    }
  }), RUNS);
});

test('the first event of a chain is an observation: a void before it makes none', () => {
  const policy: ModelPolicy = { validityDays: 10, accountValidityDays: {}, missingItems: 'zero', placeholderReplaceCoverage: 0.8, maxFailureRatio: 1 };
  expect(isObservation(undefined)).toBe(false);
  expect(isObservation({ date: 1 })).toBe(false);
  const submissions = [{ date: 1, batch: 1 }, { date: 2, batch: 2 }];
  const timeline = timelineOf(submissions, policyOf(policy));
  expect(deriveChain(timeline, [{ date: 1 }], policyOf(policy))).toEqual([]);
  expect(deriveChain(timeline, [{ date: 1 }, { date: 2, batch: 2, tracked: [1, 'Cash'], untracked: ['Acme'] }], policyOf(policy))).toEqual([
    { from: 2, to: null, tracked: [1, 'Cash'], untracked: ['Acme'], isPlaceholder: false, isMissing: false, batch: 2 },
  ]);
});
