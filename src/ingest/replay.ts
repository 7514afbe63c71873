import { countEffects, type Action, type Effects } from '../history/action.js';
import { deriveChain, NEEDS_WHOLE, type ItemEvent, type Version } from '../history/chain.js';
import { deriveItem } from '../history/item.js';
import { timelineOf, type Timeline } from '../history/timeline.js';
import { namedDatesAt, type Account } from '../store/accounts.js';
import { loadEvents, pagesOf, type EventRow } from '../store/chains.js';
import type { Queryable } from '../store/queryable.js';
import { batchApplied } from './account-change.js';
import { derivationOf, eventsOf, submissionsOf, widened, type Derivation } from './derive.js';
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
  const work = batchApplied({ account, policy: record.policy }, batch, after);
  const derivation = widened(derivationOf(work), work);
  const timeline = timelineOf(submissionsOf(work.before), record.policy);
  for (const items of await pagesOf(db, account, derivation.dates)) {
    const actions = new Map<number, Action>();
    for (const rows of (await loadEvents(db, account.account_number, derivation.dates, items, at)).values()) {
      replayItem(rows, batch, derivation, timeline, actions, effects);
    }
    yield actions;
  }
}

function replayItem(
  rows: readonly EventRow[], batch: number, derivation: Derivation, timeline: Timeline, actions: Map<number, Action>, effects: Effects,
): void {
  const own = rows.filter((row) => row.batch === batch && row.isObserved);
  const before = eventsOf(rows, derivation.rankBefore);
  const stored = chainOf(timeline, before, derivation).map((version) => ({ ...version, id: 0 }));
  const outcome = deriveItem(derivation.change, {
    stored, before, after: eventsOf(rows, derivation.rankAfter), accepted: [...new Set(own.map(({ date }) => date))],
  });
  if (outcome === NEEDS_WHOLE) throw new Error('what is derived whole depends on nothing outside');
  countEffects(effects, stored, outcome.chain);
  for (const row of own) actions.set(row.id, outcome.actions.get(row.date)!);
}

function chainOf(timeline: Timeline, events: readonly ItemEvent[], { change }: Derivation): readonly Version[] {
  const chain = deriveChain(timeline, events, change.policy);
  if (chain === NEEDS_WHOLE) throw new Error('what is derived whole depends on nothing outside');
  return chain;
}
