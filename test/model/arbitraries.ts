/**
 * Small dense histories. Everything is drawn from tiny pools, so that rows meet: the same item and date again, gaps
 * on either side of V, values that come back. Rows are drawn as indices into the pools, so that they shrink well.
 */

import fc from 'fast-check';
import { dateOf, dayOf } from './days.js';
import type { ModelFile, ModelPolicy, ModelRow } from './types.js';

const ACCOUNTS = ['CL-1', 'CL-2', 'CL-3'] as const;
const REFERENCES = ['a', 'b', 'c', 'd'] as const;
const COMPANIES = ['Acme', 'Bolt & Sons'] as const;
const AMOUNTS = [0, 1, 2.5, null, -3, 100] as const;
const TERMS = ['Cash', '7 Days', '30 Days', 'N/A'] as const;
const FIRST_DAY = dayOf('2022-01-03');

/** What is said of one item at one date. */
export type Observation = Pick<ModelRow, 'company' | 'amount' | 'term'> & {
  readonly date: string;
  readonly account: string;
  readonly reference: string;
};

/** A policy and the files that arrive under it, in order. */
export interface History {
  readonly policy: ModelPolicy;
  readonly files: readonly ModelFile[];
}

/** The pools of one world: its policy, its dates, and what is true of each item at each of them. */
interface World {
  readonly policy: ModelPolicy;
  readonly accounts: number;
  readonly references: number;
  readonly dates: readonly string[];
  readonly truth: readonly Saying[];
}

/** Indices into the pools of values. */
interface Saying {
  readonly company: number;
  readonly amount: number;
  readonly term: number;
}

/** A row as it is drawn; `lie` is what it says instead of the truth, `fault` what could not be read of it. */
interface RowDraft {
  readonly account: number;
  readonly reference: number;
  readonly date: number;
  readonly lie: Saying | null;
  readonly fault: 'none' | 'amount' | 'date' | 'account' | 'reference';
}

/** A file as it is drawn. `firstRow` tells apart files that say the same in other bytes. */
interface FileDraft {
  readonly rows: readonly RowDraft[];
  readonly firstRow: number;
}

/** Any policy. Half of them let every failed row pass, so that failed rows and applied ones come in one batch. */
export function policies(): fc.Arbitrary<ModelPolicy> {
  const validity = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 5, max: 40 }) }, fc.constant(null));
  return fc.record({
    validityDays: validity,
    accountValidityDays: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Record<string, number | null>>({}) },
      validity.map((days) => ({ [ACCOUNTS[0]]: days })),
    ),
    missingItems: fc.constantFrom('zero', 'zero', 'keep'),
    placeholderReplaceCoverage: fc.constantFrom(0.8, 0.8, 0.8, 0.5, 0.1, 1, 0),
    maxFailureRatio: fc.constantFrom(1, 1, 1, 0.5, 0.2, 0),
  });
}

/** Any history: repeats, contradictions within files and across them, unreadable rows, the same file again. */
export function histories(): fc.Arbitrary<History> {
  return fc
    .record({ world: worlds(), files: fc.array(fileDrafts(rowDrafts()), { minLength: 1, maxLength: 7 }), again: agains() })
    .map(({ world, files, again }) => ({ policy: world.policy, files: withAgain(filesOf(world, files), again) }));
}

/** Histories in which no two rows say different things of one item and date; some rows may be unreadable. */
export function consistentHistories(): fc.Arbitrary<History> {
  const honest = rowDrafts().map((draft) => ({ ...draft, lie: null }));
  return fc
    .record({ world: worlds(), files: fc.array(fileDrafts(honest), { minLength: 1, maxLength: 7 }), again: agains() })
    .map(({ world, files, again }) => ({ policy: world.policy, files: withAgain(filesOf(world, files), again) }));
}

/** A policy and what is observed under it, one observation at most per item and date: to be cut into files. */
export function observedWorlds(): fc.Arbitrary<{ policy: ModelPolicy; observations: Observation[] }> {
  const honest = rowDrafts().map((draft) => ({ ...draft, lie: null, fault: 'none' as const }));
  return fc
    .record({ world: worlds(), rows: fc.array(honest, { minLength: 1, maxLength: 20 }) })
    .map(({ world, rows }) => ({
      policy: world.policy,
      observations: distinct(rows.map((draft) => observationOf(world, draft))),
    }));
}

/** Files by name, each once, in any order. */
export function orders(files: readonly ModelFile[]): fc.Arbitrary<ModelFile[]> {
  return fc.shuffledSubarray([...files], { minLength: files.length });
}

function worlds(): fc.Arbitrary<World> {
  return fc
    .record({
      policy: policies(),
      accounts: fc.integer({ min: 1, max: ACCOUNTS.length }),
      references: fc.integer({ min: 1, max: REFERENCES.length }),
      gaps: fc.array(gaps(), { minLength: 1, maxLength: 8 }),
      truth: fc.array(sayings(), { minLength: 1, maxLength: 24 }),
    })
    .map(({ gaps, ...world }) => ({ ...world, dates: datesOf(gaps, world.policy.validityDays ?? 14) }));
}

/** The distance to the next date of the pool, from V: clusters, both sides of V, and silences long enough to matter. */
function gaps(): fc.Arbitrary<(validity: number) => number> {
  return fc.constantFrom(
    () => 1,
    () => 3,
    (validity: number) => validity - 1,
    (validity: number) => validity,
    (validity: number) => validity + 1,
    (validity: number) => Math.ceil(validity / 2),
    (validity: number) => Math.ceil(validity * 1.25),
    (validity: number) => 2 * validity,
    (validity: number) => 2 * validity + 1,
    (validity: number) => 4 * validity,
  );
}

function datesOf(gaps: readonly ((validity: number) => number)[], validity: number): string[] {
  const days = [FIRST_DAY];
  for (const gap of gaps) days.push((days.at(-1) ?? FIRST_DAY) + gap(validity));
  return days.map(dateOf);
}

/** The low indices come most often: values that return are what versions run on over. */
function sayings(): fc.Arbitrary<Saying> {
  return fc.record({
    company: fc.constantFrom(0, 0, 1),
    amount: fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 5),
    term: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
  });
}

function rowDrafts(): fc.Arbitrary<RowDraft> {
  return fc.record({
    account: fc.nat({ max: ACCOUNTS.length - 1 }),
    reference: fc.nat({ max: REFERENCES.length - 1 }),
    date: fc.nat({ max: 8 }),
    lie: fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, sayings()),
    fault: fc.oneof(
      { weight: 10, arbitrary: fc.constant('none' as const) },
      fc.constantFrom('amount' as const, 'amount' as const, 'date' as const, 'account' as const, 'reference' as const),
    ),
  });
}

function fileDrafts(rows: fc.Arbitrary<RowDraft>): fc.Arbitrary<FileDraft> {
  return fc.record({
    rows: fc.array(rows, { minLength: 1, maxLength: 8 }),
    firstRow: fc.integer({ min: 2, max: 3 }),
  });
}

/** Which files come again, byte for byte, at the end. */
function agains(): fc.Arbitrary<number[]> {
  return fc.array(fc.nat({ max: 6 }), { maxLength: 2 });
}

function filesOf(world: World, drafts: readonly FileDraft[]): ModelFile[] {
  return drafts.map(({ rows, firstRow }, i) => ({
    name: `file-${i + 1}`,
    rows: rows.map((draft, j) => rowOf(world, draft, firstRow + j)),
  }));
}

function withAgain(files: readonly ModelFile[], again: readonly number[]): ModelFile[] {
  const copies = again.map((i, n) => ({ name: `again-${n + 1}`, rows: pick(files, i).rows }));
  return [...files, ...copies];
}

function rowOf(world: World, draft: RowDraft, row: number): ModelRow {
  const { date, account, reference, ...said } = observationOf(world, draft);
  return {
    row,
    date: draft.fault === 'date' ? null : date,
    account: draft.fault === 'account' ? null : account,
    reference: draft.fault === 'reference' ? null : reference,
    ...said,
    amount: draft.fault === 'amount' ? null : said.amount,
    unreadable: draft.fault !== 'none',
  };
}

function observationOf(world: World, draft: RowDraft): Observation {
  const account = draft.account % world.accounts;
  const reference = draft.reference % world.references;
  const date = draft.date % world.dates.length;
  const place = (account * REFERENCES.length + reference) * world.dates.length + date;
  const said = draft.lie ?? pick(world.truth, place);
  return {
    date: pick(world.dates, date),
    account: pick(ACCOUNTS, account),
    reference: pick(REFERENCES, reference),
    company: pick(COMPANIES, said.company),
    amount: pick(AMOUNTS, said.amount),
    term: pick(TERMS, said.term),
  };
}

function distinct(observations: readonly Observation[]): Observation[] {
  return [...new Map(observations.map((o) => [JSON.stringify([o.account, o.reference, o.date]), o])).values()];
}

/** The element at an index, counted round and round. */
function pick<T>(pool: readonly T[], index: number): T {
  return pool[index % pool.length] as T;
}
