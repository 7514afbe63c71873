import { newSilences, newZeros } from '../history/action.js';
import type { Version } from '../history/chain.js';
import { diff } from '../history/diff.js';
import { WHOLE } from '../history/window.js';
import { loadVersions } from '../store/chains.js';
import { itemsChangedSince, type ItemName } from '../store/questions.js';
import type { Queryable } from '../store/queryable.js';

/** What changes of the history between what is committed and what a rehearsal on it sees. */

/** A version of an item. */
interface ItemVersion {
  readonly account: string;
  readonly reference: string;
  readonly version: Version;
}

/** A chain that changes. */
export interface ChangedChain {
  readonly account: string;
  readonly reference: string;
  readonly before: readonly Version[];
  readonly after: readonly Version[];
}

export interface Foreseen {
  /** How many chains change. */
  readonly changed: number;
  /** The first of them. */
  readonly chains: readonly ChangedChain[];
  /** Items that become zero because they are missing. */
  readonly zeroed: readonly ItemVersion[];
  readonly placeholders: readonly ItemVersion[];
}

const PAGE_ITEMS = 1_000;

/** Where a rehearsal began: behind the last change, and at a moment of its own clock. */
export interface Beginning {
  readonly lastChange: string;
  readonly now: string;
}

/** Compares the chains that changed since a beginning, as `after` sees them, with what `before` sees; keeps up to `limit` whole. */
export async function foresee(before: Queryable, after: Queryable, { lastChange, now }: Beginning, limit: number): Promise<Foreseen> {
  const chains: ChangedChain[] = [];
  const zeroed: ItemVersion[] = [];
  const placeholders: ItemVersion[] = [];
  let changed = 0;
  for (const page of pagesOf(await itemsChangedSince(after, lastChange, now))) {
    for (const chain of await changedChains(before, after, page)) {
      changed += 1;
      if (chains.length < limit) chains.push(chain);
      const named = (version: Version): ItemVersion => ({ account: chain.account, reference: chain.reference, version });
      zeroed.push(...newZeros(chain.before, chain.after).map(named));
      placeholders.push(...newSilences(chain.before, chain.after).map(named));
    }
  }
  return { changed, chains, zeroed, placeholders };
}

/** Items of one account at a time. */
function* pagesOf(items: readonly ItemName[]): Generator<readonly ItemName[]> {
  for (let from = 0; from < items.length;) {
    let to = from + 1;
    while (to < items.length && to < from + PAGE_ITEMS && items[to]!.account === items[from]!.account) to += 1;
    yield items.slice(from, to);
    from = to;
  }
}

async function changedChains(before: Queryable, after: Queryable, page: readonly ItemName[]): Promise<ChangedChain[]> {
  const { account, account_number: number } = page[0]!;
  const items = { references: page.map(({ reference }) => reference) };
  const [earlier, later] = [await loadVersions(before, account, WHOLE, items), await loadVersions(after, account, WHOLE, items)];
  return page
    .map(({ reference }) => ({ account: number, reference, before: earlier.get(reference) ?? [], after: later.get(reference) ?? [] }))
    .filter((chain) => isChanged(chain.before, chain.after));
}

/** A version may have been touched and come out the same. */
function isChanged(before: Parameters<typeof diff>[0], after: readonly Version[]): boolean {
  const { removed, updated, inserted } = diff(before, after);
  return removed.length + updated.length + inserted.length > 0;
}
