import { isPlainAppend } from '../history/append.js';
import { dateOf } from '../history/day.js';
import { timelineOf } from '../history/timeline.js';
import { appendRows, type AppendCounts } from '../store/appends.js';
import type { Transaction } from '../store/database.js';
import type { AccountChange } from './account-change.js';
import { submissionsOf, type Applied } from './derive.js';

/**
 * The fast way for what nearly every file is: the next submission of an account, dated behind all others. It gives what
 * deriving gives (test/ingest/append.property.test.ts) at a cost that does not grow with the history.
 */

/** Whether a batch's rows for an account can be appended; `repeated` is how many of the batch's rows repeat others. */
export function canAppend(work: AccountChange, repeated: number): boolean {
  const { own, dates, before, after, policy } = work;
  if (own === null || dates?.length !== 1 || repeated > 0) return false;
  const date = dateOf(dates[0]!);
  if (before.some(({ effective_date }) => effective_date >= date)) return false;
  return isPlainAppend(timelineOf(submissionsOf(before), policy), timelineOf(submissionsOf(after), policy));
}

/** Appends a batch's rows for an account and writes its chains; `at` is the instant of the change. */
export async function appendToAccount(tx: Transaction, work: AccountChange, at: string): Promise<Applied> {
  const appended = { account: work.account, batch: work.own!, date: dateOf(work.dates![0]!), at };
  return outcomeOf(await appendRows(tx, appended, work.policy.missingItems === 'zero'));
}

function outcomeOf({ add, append, unchanged, zeroed }: AppendCounts): Applied {
  return {
    applied: new Map([['Add', add], ['Append', append], ['Unchanged', unchanged]]),
    effects: { zeroed, placeholdersInserted: 0, placeholdersReplaced: 0 },
  };
}
