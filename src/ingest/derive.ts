import { countEffects, type Action, type Effects } from '../history/action.js';
import { NEEDS_WHOLE, type ItemEvent } from '../history/chain.js';
import { dayOf, type Day } from '../history/day.js';
import { diff, type Diff } from '../history/diff.js';
import { deriveItem, type RecordChange, type ItemHistory, type ItemOutcome, type Step } from '../history/item.js';
import { timelineOf, type Submission } from '../history/timeline.js';
import { WHOLE, windowOf, type Window } from '../history/window.js';
import { oneAhead } from '../one-ahead.js';
import { namedDates, type NamedDate } from '../store/accounts.js';
import { loadEvents, loadVersions, pagesOf, writeChains, type EventRow, type Items } from '../store/chains.js';
import type { Transaction } from '../store/database.js';
import { markProcessed } from '../store/records.js';
import { nothingChanged, type AccountChange, type RuledAccount } from './account-change.js';

/**
 * Brings the chains of one account to what the rules say, inside a transaction: load the window that a change can
 * reach, derive, compare with what is stored, write the difference. Applying, deleting, voiding and rebuilding are
 * all this one path.
 */

/** What applying did: how many rows by their action, and the effects beside them. */
export interface Applied {
  readonly applied: ReadonlyMap<Action, number>;
  readonly effects: Effects;
}

/** What a change did to the chains, and how many versions it wrote. */
export interface Changes {
  readonly effects: Effects;
  readonly written: Written;
}

/** Nothing yet: to be counted up. */
export function noChanges(): Changes {
  return { effects: { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 }, written: { inserted: 0, updated: 0, removed: 0 } };
}

/** What a change did, and the versions it wrote. */
export type ChangeOutcome = Applied & Changes;

/** How many versions a change wrote. */
export interface Written {
  inserted: number;
  updated: number;
  removed: number;
}

/** Derives and writes the chains of an account and marks the rows that it applies; `at` is the instant of the change. */
export async function deriveAccount(tx: Transaction, work: AccountChange, at: string): Promise<ChangeOutcome> {
  const applied = new Map<Action, number>();
  const { effects, written } = noChanges();
  let writing = Promise.resolve();
  try {
    for await (const derived of deriveItems(tx, work)) {
      const { diffs, rows } = differencesOf(derived);
      for (const { item, outcome } of derived.values()) countEffects(effects, item.stored, outcome.chain);
      countWritten(written, diffs.values());
      for (const [action, ids] of rows) applied.set(action, (applied.get(action) ?? 0) + ids.length);
      await writing;
      // The next page is derived meanwhile.
      writing = writeItems(tx, work.account.id, { diffs, rows }, at);
      writing.catch(() => undefined);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
  }
  return { applied, effects, written };
}

/** What is to be written of items: their versions, by reference, and the rows that are applied, by their action. */
interface Differences {
  readonly diffs: ReadonlyMap<string, Diff>;
  readonly rows: ReadonlyMap<Action, readonly number[]>;
}

function differencesOf(derived: ReadonlyMap<string, DerivedItem>): Differences {
  const diffs = new Map<string, Diff>();
  const rows = new Map<Action, number[]>();
  for (const [reference, { item, outcome, waiting }] of derived) {
    diffs.set(reference, diff(item.stored, outcome.chain));
    for (const row of waiting) collect(rows, outcome.actions.get(row.date)!, row.id);
  }
  return { diffs, rows };
}

async function writeItems(tx: Transaction, account: number, { diffs, rows }: Differences, at: string): Promise<void> {
  await writeChains(tx, account, diffs, at);
  for (const [action, ids] of rows) await markProcessed(tx, action, ids);
}

function countWritten(written: Written, diffs: Iterable<Diff>): void {
  for (const { inserted, updated, removed } of diffs) {
    written.inserted += inserted.length;
    written.updated += updated.length;
    written.removed += removed.length;
  }
}

/** Derives and writes every chain of an account anew, from what is on record of it. */
export async function deriveWhole(tx: Transaction, ruled: RuledAccount, at: string): Promise<ChangeOutcome> {
  const named = await namedDates(tx, ruled.account.id, null);
  return deriveAccount(tx, nothingChanged(ruled, named), at);
}

/** Derives the chains of an account, page by page, and writes nothing; while a page is looked at the next one is read. */
export async function* deriveItems(tx: Transaction, work: AccountChange): AsyncGenerator<Map<string, DerivedItem>> {
  const derivation = derivationOf(work);
  const pages = await pagesOf(tx, work.account, work.dates ?? derivation.dates);
  for await (const loaded of oneAhead(pages, async (page) => loadItems(tx, work, derivation, page))) yield deriveLoaded(tx, work, derivation, loaded);
}

/** What deriving the items of an account follows from. */
export interface Derivation {
  readonly change: RecordChange;
  /** The dates whose events derivation needs. */
  readonly dates: readonly Day[];
  readonly rankBefore: ReadonlyMap<number, number>;
  readonly rankAfter: ReadonlyMap<number, number>;
}

/** An item as it is stored, as it is derived, and its rows that are applied. */
export interface DerivedItem {
  readonly item: ItemHistory;
  readonly outcome: ItemOutcome;
  readonly waiting: readonly EventRow[];
}

/** The derivation of a change, within the window that it can reach. */
export function derivationOf(work: AccountChange): Derivation {
  const submissions = submissionsOf(work.after);
  const window = work.dates === null ? WHOLE : windowOf(mergedSubmissions(work), work.dates);
  return {
    change: { policy: work.policy, window, steps: stepsOf(work, submissions) },
    dates: datesWithin(work, window),
    rankBefore: ranksOf(work.before),
    rankAfter: ranksOf(work.after),
  };
}

/** The derivation of the same change with every chain derived whole. */
export function widened(derivation: Derivation, work: AccountChange): Derivation {
  return { ...derivation, change: { ...derivation.change, window: WHOLE }, dates: datesWithin(work, WHOLE) };
}

/** One step for each date of the batch that is applied, in order; any other change is one step. */
function stepsOf(work: AccountChange, submissions: readonly Submission[]): Step[] {
  const last = { date: Number.POSITIVE_INFINITY, timeline: timelineOf(submissions, work.policy) };
  if (work.own === null || work.dates === null) return [last];
  return work.dates.map((date, index) => {
    if (index === work.dates!.length - 1) return { date, timeline: last.timeline };
    const known = work.after.filter((named) => named.batch_id !== work.own || dayOf(named.effective_date) <= date);
    return { date, timeline: timelineOf(submissionsOf(known), work.policy) };
  });
}

function mergedSubmissions(work: AccountChange): Submission[] {
  return submissionsOf([...work.before, ...work.after]);
}

/** The submissions among the dates that batches name, ascending, each with its first-admitted batch. */
export function submissionsOf(named: readonly NamedDate[]): Submission[] {
  const first = new Map<Day, NamedDate>();
  for (const entry of named) {
    if (entry.accepted_count === 0) continue;
    const date = dayOf(entry.effective_date);
    const earlier = first.get(date);
    if (earlier === undefined || entry.admitted_seq < earlier.admitted_seq) first.set(date, entry);
  }
  return [...first].map(([date, { batch_id }]) => ({ date, batch: batch_id })).sort((one, other) => one.date - other.date);
}

function datesWithin(work: AccountChange, { from, until }: Window): Day[] {
  const all = new Set([...work.before, ...work.after].map(({ effective_date }) => dayOf(effective_date)));
  return [...all]
    .filter((date) => (from === undefined || date > from) && (until === undefined || date <= until))
    .sort((one, other) => one - other);
}

/** The batches that count, by their place in the order of admissions. */
export function ranksOf(named: readonly NamedDate[]): Map<number, number> {
  return new Map(named.map(({ batch_id, admitted_seq }) => [batch_id, admitted_seq]));
}

async function deriveLoaded(tx: Transaction, work: AccountChange, derivation: Derivation, items: LoadedItems): Promise<Map<string, DerivedItem>> {
  const derived = new Map<string, DerivedItem>();
  const unsettled: string[] = [];
  for (const [reference, loaded] of items) {
    const outcome = deriveItem(derivation.change, loaded.item);
    if (outcome === NEEDS_WHOLE) unsettled.push(reference);
    else derived.set(reference, { ...loaded, outcome });
  }
  if (unsettled.length === 0) return derived;
  const wide = widened(derivation, work);
  const whole = await deriveLoaded(tx, work, wide, await loadItems(tx, work, wide, { references: unsettled }));
  for (const [reference, item] of whole) derived.set(reference, item);
  return derived;
}

/** Items as they are on record, by reference. */
type LoadedItems = ReadonlyMap<string, Pick<DerivedItem, 'item' | 'waiting'>>;

async function loadItems(tx: Transaction, work: AccountChange, derivation: Derivation, items: Items): Promise<LoadedItems> {
  // Asked for at once: the database goes on with the second while the first is taken apart.
  const [versions, events] = await Promise.all([
    loadVersions(tx, work.account.id, derivation.change.window, items),
    loadEvents(tx, work.account.account_number, derivation.dates, items),
  ]);
  const loaded = new Map<string, Pick<DerivedItem, 'item' | 'waiting'>>();
  for (const reference of new Set([...versions.keys(), ...events.keys()])) {
    const rows = events.get(reference) ?? [];
    const waiting = work.own === null ? NO_ROWS : rows.filter((row) => row.batch === work.own && row.isWaiting);
    const item = {
      stored: versions.get(reference) ?? [],
      before: eventsOf(rows, derivation.rankBefore),
      after: eventsOf(work.voided === undefined ? rows : rows.map((row) => withoutVoided(row, work.voided!)), derivation.rankAfter),
      accepted: [...new Set(waiting.map(({ date }) => date))],
    };
    loaded.set(reference, { item, waiting });
  }
  return loaded;
}

const NO_ROWS: readonly EventRow[] = [];

function withoutVoided(row: EventRow, voided: ReadonlySet<number>): EventRow {
  return voided.has(row.id) ? { ...row, isObserved: false } : row;
}

/** An item's events among its rows, which are ascending by date: of equal observations the first-admitted stands. */
export function eventsOf(rows: readonly EventRow[], ranks: ReadonlyMap<number, number>): ItemEvent[] {
  const events: ItemEvent[] = [];
  let best: EventRow | undefined;
  for (const row of rows) {
    if (!ranks.has(row.batch)) continue;
    const isSameDate = best?.date === row.date;
    if (isSameDate && !precedes(row, best!, ranks)) continue;
    if (isSameDate) events.pop();
    best = row;
    events.push(row.isObserved ? row : { date: row.date });
  }
  return events;
}

function precedes(row: EventRow, other: EventRow, ranks: ReadonlyMap<number, number>): boolean {
  if (row.isObserved !== other.isObserved) return row.isObserved;
  return ranks.get(row.batch)! < ranks.get(other.batch)!;
}

function collect(rows: Map<Action, number[]>, action: Action, id: number): void {
  const ids = rows.get(action);
  if (ids === undefined) rows.set(action, [id]);
  else ids.push(id);
}
