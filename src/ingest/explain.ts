import { deriveChain, NEEDS_WHOLE } from '../history/chain.js';
import { explainChain, type Explanation } from '../history/explain.js';
import type { Day } from '../history/day.js';
import type { Policy } from '../history/policy.js';
import { WHOLE } from '../history/window.js';
import { findAccount } from '../store/accounts.js';
import { loadEvents, loadVersions, type EventRow } from '../store/chains.js';
import { namesOfBatches, sourcesOf, type Source } from '../store/questions.js';
import type { Queryable } from '../store/queryable.js';
import { expectAnswer } from './ask.js';
import { eventsOf } from './derive.js';
import { recordOf } from './known.js';

/** The chain of an item with what made each of its versions. */
export interface ItemExplanation {
  readonly account: string;
  readonly reference: string;
  readonly policy: Policy;
  readonly versions: readonly Explanation[];
  /** The rows that count for the item, by date, the first-admitted first. */
  readonly rows: ReadonlyMap<Day, readonly ExplainedRow[]>;
  /** The ids of the live versions by their start; none where an earlier moment is asked about. */
  readonly ids: ReadonlyMap<Day, number>;
  /** The names of the files that made submissions of the account, by batch. */
  readonly files: ReadonlyMap<number, string>;
}

/** A row with where it stands, and whether it is an observation on record. */
export type ExplainedRow = Source & Pick<EventRow, 'isObserved'>;

/** What an item's chain follows from, now or as it was known at an instant. Refuses an item of which nothing is known. */
export async function explainItem(db: Queryable, account: string, reference: string, knownAt: string | undefined, now: number): Promise<ItemExplanation> {
  await expectAnswer(db, { account, reference, knownAt }, now);
  const record = (await recordOf(db, (await findAccount(db, account))!, knownAt))!;
  const rows = (await loadEvents(db, account, record.dates, { references: [reference] }, knownAt)).get(reference) ?? [];
  const events = eventsOf(rows, record.ranks);
  const chain = deriveChain(record.timeline, events, record.policy);
  if (chain === NEEDS_WHOLE) throw new Error('a chain that is derived whole depends on nothing outside');
  return {
    account, reference, policy: record.policy, versions: explainChain(record.timeline, events, record.policy, chain),
    rows: await rowsByDate(db, rows, record.ranks),
    ids: knownAt === undefined ? await idsByStart(db, record.account.id, reference) : new Map(),
    files: await namesOfBatches(db, [...new Set(record.timeline.submissions.map(({ batch }) => batch))]),
  };
}

async function idsByStart(db: Queryable, account: number, reference: string): Promise<Map<Day, number>> {
  const versions = (await loadVersions(db, account, WHOLE, { references: [reference] })).get(reference) ?? [];
  return new Map(versions.map(({ from, id }) => [from, id]));
}

async function rowsByDate(db: Queryable, rows: readonly EventRow[], ranks: ReadonlyMap<number, number>): Promise<Map<Day, ExplainedRow[]>> {
  const counting = rows.filter(({ batch }) => ranks.has(batch)).sort((one, other) => ranks.get(one.batch)! - ranks.get(other.batch)! || one.id - other.id);
  const sources = await sourcesOf(db, counting.map(({ id }) => id));
  const byDate = new Map<Day, ExplainedRow[]>();
  for (const { id, date, isObserved } of counting) byDate.set(date, [...(byDate.get(date) ?? []), { ...sources.get(id)!, isObserved }]);
  return byDate;
}
