import { isPlainAppend } from '../history/append.js';
import { dateOf } from '../history/day.js';
import { timelineOf } from '../history/timeline.js';
import type { NamedDate } from '../store/accounts.js';
import { appendRows, type AppendCounts, type Appended } from '../store/appends.js';
import type { Transaction } from '../store/database.js';
import { removeRows } from '../store/removals.js';
import type { AccountChange } from './account-change.js';
import { noChanges, submissionsOf, type Applied, type Changes } from './derive.js';

/**
 * The fast way for what nearly every file is: the next submission of an account, dated behind all others; and for removing
 * it again. It gives what deriving gives (test/ingest/append.property.test.ts) at a cost that does not grow with the history.
 */

/** The fast way where it leads, or deriving whatever happens: for the test that holds one against the other. */
export type Way = 'fast' | 'derive';

/** Whether a batch's rows for an account can be appended; `repeated` is how many of the batch's rows repeat others. */
export function canAppend(work: AccountChange, repeated: number): boolean {
  const { own, before, after } = work;
  return own !== null && repeated === 0 && isAppend(work, before, after);
}

/** Appends a batch's rows for an account and writes its chains; `at` is the instant of the change. */
export async function appendToAccount(tx: Transaction, work: AccountChange, at: string): Promise<Applied> {
  return outcomeOf(await appendRows(tx, appendedBy(work, work.own!, at), work.policy.missingItems === 'zero'));
}

/** Whether removing a batch from an account takes a plain append back. */
export function canRemoveAppend(work: AccountChange): boolean {
  return isAppend(work, work.after, work.before);
}

/** Removes a batch from the chains of an account; `at` is the instant of the change. */
export async function removeAppend(tx: Transaction, work: AccountChange, batch: number, at: string): Promise<Changes> {
  const dates = submissionsOf(work.after).map(({ date }) => dateOf(date));
  const batches = [...new Set(work.after.map(({ batch_id }) => batch_id))];
  const { removed, updated } = await removeRows(tx, appendedBy(work, batch, at), { dates, batches });
  return { ...noChanges(), written: { inserted: 0, updated, removed } };
}

/** Whether what is on record `within` is what is on record `without` and a plain append of the one date that changes. */
function isAppend({ dates, policy }: AccountChange, without: readonly NamedDate[], within: readonly NamedDate[]): boolean {
  if (dates?.length !== 1) return false;
  const date = dateOf(dates[0]!);
  if (without.some(({ effective_date }) => effective_date >= date)) return false;
  return isPlainAppend(timelineOf(submissionsOf(without), policy), timelineOf(submissionsOf(within), policy));
}

function appendedBy({ account, dates }: AccountChange, batch: number, at: string): Appended {
  return { account, batch, date: dateOf(dates![0]!), at };
}

function outcomeOf({ add, append, unchanged, zeroed }: AppendCounts): Applied {
  return {
    applied: new Map([['Add', add], ['Append', append], ['Unchanged', unchanged]]),
    effects: { zeroed, placeholdersInserted: 0, placeholdersReplaced: 0 },
  };
}
