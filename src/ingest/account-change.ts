import { IngestError } from '../errors.js';
import { dayOf, type Day } from '../history/day.js';
import type { Policy } from '../history/policy.js';
import type { Account, NamedDate } from '../store/accounts.js';
import { findPolicy, policyInForce } from '../store/policies.js';
import type { Queryable } from '../store/queryable.js';
import { policyFor } from './policy.js';

/** An account with the policy that its chains are derived by. */
export interface RuledAccount {
  readonly account: Account;
  readonly policy: Policy;
}

/** A change of what is on record of an account: its chains follow from it. */
export interface AccountChange extends RuledAccount {
  /** What counts for the account before and after the change, first-admitted first. */
  readonly before: readonly NamedDate[];
  readonly after: readonly NamedDate[];
  /** The batch whose rows are applied, if it is that. */
  readonly own: number | null;
  /** The rows that are no observations any more after the change, if it is that. */
  readonly voided?: ReadonlySet<number>;
  /** The dates whose submissions or observations change, ascending; null derives every chain whole. */
  readonly dates: readonly Day[] | null;
}

/** What applying a batch changes; `after` is what counts with it. */
export function batchApplied(ruled: RuledAccount, batch: number, after: readonly NamedDate[]): AccountChange {
  return { ...ruled, before: withoutBatch(after, batch), after, own: batch, dates: datesOf(after, batch) };
}

/** What removing a batch changes; `before` is what counts with it. */
export function batchRemoved(ruled: RuledAccount, batch: number, before: readonly NamedDate[]): AccountChange & { readonly dates: readonly Day[] } {
  return { ...ruled, before, after: withoutBatch(before, batch), own: null, dates: datesOf(before, batch) };
}

/** Nothing changes of what is on record: every chain is derived anew. */
export function nothingChanged(ruled: RuledAccount, named: readonly NamedDate[]): AccountChange {
  return { ...ruled, before: named, after: named, own: null, dates: null };
}

/** What some rows of one date change by being no observations any more. */
export function rowsVoided(ruled: RuledAccount, named: readonly NamedDate[], date: string, rows: readonly number[]): AccountChange {
  return { ...nothingChanged(ruled, named), dates: [dayOf(date)], voided: new Set(rows) };
}

function withoutBatch(named: readonly NamedDate[], batch: number): NamedDate[] {
  return named.filter(({ batch_id }) => batch_id !== batch);
}

function datesOf(named: readonly NamedDate[], batch: number): Day[] {
  return named.filter(({ batch_id }) => batch_id === batch).map(({ effective_date }) => dayOf(effective_date));
}

/** An account with the policy that its chains are derived by; before its first batch is applied, the one in force. */
export async function withPolicy(db: Queryable, account: Account): Promise<RuledAccount> {
  const policy = account.policy_id === null ? await policyInForce(db) : await findPolicy(db, account.policy_id);
  if (policy === undefined) throw new IngestError('internal', `account ${account.account_number} has no policy`);
  return { account, policy: policyFor(policy.definition, account.account_number) };
}
