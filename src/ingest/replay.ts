import { countEffects, type Action, type Effects } from '../history/action.js';
import { deriveChain, NEEDS_WHOLE, type ItemEvent, type Version } from '../history/chain.js';
import { dayOf } from '../history/day.js';
import { deriveItem } from '../history/item.js';
import { timelineOf, type Timeline } from '../history/timeline.js';
import { namedDatesAt, type Account } from '../store/accounts.js';
import { loadEvents, pagesOf, type EventRow } from '../store/chains.js';
import type { Queryable } from '../store/queryable.js';
import { eventsOf, planOf, submissionsOf, widened, type Plan } from './derive.js';
import { recordOf } from './known.js';

/**
 * What a batch did when it was applied to an account, derived anew from what was on record then. It reads neither the
 * marks of the rows nor the stored versions, so that both can be held against it.
 */

/** What some rows did, by their ids. */
type Replayed = ReadonlyMap<number, Action>;

/** Replays a batch that was applied to an account at an instant, page by page; adds to `effects` what it did beside its rows. */
export async function* replay(db: Queryable, batch: number, account: Account, at: string, effects: Effects): AsyncGenerator<Replayed> {
  const record = await recordOf(db, account, at);
  if (record === undefined) return;
  const after = await namedDatesAt(db, account.id, at);
  const before = after.filter(({ batch_id }) => batch_id !== batch);
  const dates = after.filter(({ batch_id }) => batch_id === batch).map(({ effective_date }) => dayOf(effective_date));
  const work = { account, policy: record.policy, before, after, own: batch, dates };
  const plan = widened(planOf(work), work);
  const timeline = timelineOf(submissionsOf(before), record.policy);
  for (const items of await pagesOf(db, account, plan.dates)) {
    const actions = new Map<number, Action>();
    for (const rows of (await loadEvents(db, account.account_number, plan.dates, items, at)).values()) {
      replayItem(rows, batch, plan, timeline, actions, effects);
    }
    yield actions;
  }
}

function replayItem(
  rows: readonly EventRow[], batch: number, plan: Plan, timeline: Timeline, actions: Map<number, Action>, effects: Effects,
): void {
  const own = rows.filter((row) => row.batch === batch && row.isObserved);
  const before = eventsOf(rows, plan.rankBefore);
  const stored = chainOf(timeline, before, plan).map((version) => ({ ...version, id: 0 }));
  const outcome = deriveItem(plan.change, {
    stored, before, after: eventsOf(rows, plan.rankAfter), accepted: [...new Set(own.map(({ date }) => date))],
  });
  if (outcome === NEEDS_WHOLE) throw new Error('what is derived whole depends on nothing outside');
  countEffects(effects, stored, outcome.chain);
  for (const row of own) actions.set(row.id, outcome.actions.get(row.date)!);
}

function chainOf(timeline: Timeline, events: readonly ItemEvent[], { change }: Plan): readonly Version[] {
  const chain = deriveChain(timeline, events, change.policy);
  if (chain === NEEDS_WHOLE) throw new Error('what is derived whole depends on nothing outside');
  return chain;
}
