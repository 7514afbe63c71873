import { deriveChain, NEEDS_WHOLE, type Version } from '../history/chain.js';
import { dayOf } from '../history/day.js';
import type { Policy } from '../history/policy.js';
import { timelineOf, type Timeline } from '../history/timeline.js';
import { namedDates, namedDatesAt, policyOfAccountAt, type Account } from '../store/accounts.js';
import { loadEvents, pagesOf, type Items } from '../store/chains.js';
import { findPolicy } from '../store/policies.js';
import type { Queryable } from '../store/queryable.js';
import { eventsOf, ranksOf, submissionsOf } from './derive.js';
import { policyFor } from './policy.js';

/**
 * The chains of an account derived whole from what is on record of it, now or at an earlier instant: which batches
 * counted for it then, which of their rows had not been deleted yet, and the policy that it was derived by. Nothing is
 * read from the stored versions, so that they can be held against it, and nothing is written.
 */

/** What the chains of an account follow from, beside the rows. */
interface AccountRecord {
  readonly account: Account;
  readonly policy: Policy;
  readonly timeline: Timeline;
  /** The batches that count, by their place in the order of admissions. */
  readonly ranks: ReadonlyMap<number, number>;
  /** The dates that they name, failed rows included, ascending. */
  readonly dates: readonly number[];
  /** The instant that it is the record of; undefined is now. */
  readonly at: string | undefined;
}

/** Some items of an account with their chains; an item without an observation on record has none. */
interface ChainPage {
  readonly items: Items;
  readonly chains: ReadonlyMap<string, readonly Version[]>;
}

/** What was on record of an account at an instant, or is now; undefined where no batch had been applied to it yet. */
export async function recordOf(db: Queryable, account: Account, at?: string): Promise<AccountRecord | undefined> {
  const id = at === undefined ? account.policy_id : await policyOfAccountAt(db, account.id, at);
  const definition = id === undefined || id === null ? undefined : (await findPolicy(db, id))?.definition;
  if (definition === undefined) return undefined;
  const policy = policyFor(definition, account.account_number);
  const named = at === undefined ? await namedDates(db, account.id, null) : await namedDatesAt(db, account.id, at);
  const dates = [...new Set(named.map(({ effective_date }) => dayOf(effective_date)))].sort((one, other) => one - other);
  return { account, policy, timeline: timelineOf(submissionsOf(named), policy), ranks: ranksOf(named), dates, at };
}

/**
 * The chains that a record derives, page by page in the order of the references. Memory is bounded by a page. All
 * pages belong together only inside one snapshot of the database.
 */
export async function* derivedPages(db: Queryable, record: AccountRecord): AsyncGenerator<ChainPage> {
  for (const items of await pagesOf(db, record.account, record.dates)) yield { items, chains: await derivedChains(db, record, items) };
}

/** The chains that a record derives for some items, by reference, ascending. */
export async function derivedChains(db: Queryable, record: AccountRecord, items: Items): Promise<Map<string, readonly Version[]>> {
  const chains = new Map<string, readonly Version[]>();
  for (const [reference, rows] of await loadEvents(db, record.account.account_number, record.dates, items, record.at)) {
    const chain = deriveChain(record.timeline, eventsOf(rows, record.ranks), record.policy);
    if (chain === NEEDS_WHOLE) throw new Error('a chain that is derived whole depends on nothing outside');
    if (chain.length > 0) chains.set(reference, chain);
  }
  return new Map([...chains].sort(([one], [other]) => (one < other ? -1 : 1)));
}
