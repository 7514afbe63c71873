import type { Settings } from '../config/settings.js';
import { exceeds, fractionOf, percent } from '../history/fraction.js';
import { isLost } from '../history/loss.js';
import { namedDates, type Account } from '../store/accounts.js';
import type { Transaction } from '../store/database.js';
import { countCurrent, itemsLeftOut } from '../store/losses.js';
import { policyInForce } from '../store/policies.js';
import { batchApplied } from './account-change.js';
import { deriveItems } from './derive.js';
import { policyFor } from './policy.js';

/**
 * The guard: a truncated export must not wipe out an account. A batch that would zero too many of an account's current
 * items waits for somebody's decision. It looks at the present, at admission, so whether a batch is held depends on
 * what came before; what the history says once it is approved does not.
 */

/** A smaller account is not guarded: there, a few items are many. */
const LEAST_ITEMS = 10;

/** What a batch would take from an account: `items` of its `current` ones that are not zero would be missing zeros. */
export interface Loss {
  readonly account: string;
  readonly items: readonly string[];
  readonly current: number;
}

/** What an admitted batch that is not applied yet would take from accounts, where it is more than is allowed. */
export async function lossesOf(tx: Transaction, batch: number, { maxMissingRatio }: Pick<Settings, 'maxMissingRatio'>): Promise<Loss[]> {
  if (maxMissingRatio === 'none') return [];
  const allowed = fractionOf(maxMissingRatio);
  const losses: Loss[] = [];
  for (const account of await itemsLeftOut(tx, batch)) {
    const current = await countCurrent(tx, account.id);
    if (current < LEAST_ITEMS || !exceeds(Number(account.left_out), current, allowed)) continue;
    const items = await lostItems(tx, batch, account);
    if (exceeds(items.length, current, allowed)) losses.push({ account: account.account_number, items, current });
  }
  return losses;
}

async function lostItems(tx: Transaction, batch: number, account: Account): Promise<string[]> {
  const policy = policyFor((await policyInForce(tx))!.definition, account.account_number);
  const work = batchApplied({ account, policy }, batch, await namedDates(tx, account.id, batch));
  const lost: string[] = [];
  for await (const items of deriveItems(tx, work)) {
    for (const [reference, { item, outcome }] of items) if (isLost(item.stored, outcome.chain, policy.tracked)) lost.push(reference);
  }
  return lost;
}

/** Why a batch is held back, for people. */
export function holdOf(batch: number, losses: readonly Loss[], maxMissingRatio: number | 'none'): string {
  const more = losses.length > SHOWN_ACCOUNTS ? ` and too many of ${losses.length - SHOWN_ACCOUNTS} more accounts` : '';
  return `would zero ${losses.slice(0, SHOWN_ACCOUNTS).map(lossText).join(', ')}${more}, more than ${percent(fractionOf(Number(maxMissingRatio)))} allowed; `
    + `nothing was loaded. Is the file complete? Then scd-inbox approve ${batch} loads it, else scd-inbox reject ${batch} refuses it`;
}

const SHOWN_ACCOUNTS = 3;
const SHOWN_ITEMS = 3;

function lossText({ account, items, current }: Loss): string {
  const more = items.length > SHOWN_ITEMS ? ', …' : '';
  return `${items.length} of the ${current} current items of account ${account} (${items.slice(0, SHOWN_ITEMS).join(', ')}${more})`;
}
