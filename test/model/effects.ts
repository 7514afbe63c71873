/** What a batch did to an account: the action of each row, and the counts. */

import { type Version, chainOf, isCovered, silencesOf } from './chain.js';
import { type Entry, referencesOf, unique } from './record.js';
import type { Action, ModelPolicy } from './types.js';

/** What the counts of a batch say of one account; the account's figures add up to the batch's. */
export interface Counts {
  readonly zeroed: number;
  readonly placeholdersInserted: number;
  readonly placeholdersReplaced: number;
}

/**
 * The action of each accepted row of a batch in an account, by row number.
 *
 * `before` is the record without the batch. The batch's dates are laid on it one after another, each whole: with the
 * failed rows of that date, because those too can change a chain (an item missing there becomes void).
 */
export function actionsOf(
  before: readonly Entry[],
  ofBatch: readonly Entry[],
  account: string,
  policy: ModelPolicy,
): Map<number, Action> {
  const own = ofBatch.filter((entry) => entry.account === account);
  const actions = new Map<number, Action>();
  for (const date of unique(own.map((entry) => entry.date)).sort((a, b) => a - b)) {
    const earlier = [...before, ...own.filter((entry) => entry.date < date)];
    const later = [...before, ...own.filter((entry) => entry.date <= date)];
    for (const entry of own.filter((own) => own.date === date && own.standing === 'observed')) {
      actions.set(entry.row, actionOf(entry, earlier, later, policy));
    }
  }
  return actions;
}

/** The counts of an account, from all its chains before the batch and after it. */
export function countsOf(
  before: readonly Entry[],
  after: readonly Entry[],
  account: string,
  policy: ModelPolicy,
): Counts {
  const perItem = referencesOf(after, account).map((reference) =>
    countsOfItem(chainOf(before, account, reference, policy), chainOf(after, account, reference, policy)),
  );
  return {
    zeroed: sum(perItem.map((counts) => counts.zeroed)),
    placeholdersInserted: sum(perItem.map((counts) => counts.placeholdersInserted)),
    placeholdersReplaced: sum(perItem.map((counts) => counts.placeholdersReplaced)),
  };
}

/** "What a row did", by first fit. */
function actionOf(row: Entry, earlier: readonly Entry[], later: readonly Entry[], policy: ModelPolicy): Action {
  const before = chainOf(earlier, row.account, row.reference, policy);
  const after = chainOf(later, row.account, row.reference, policy);
  if (before.length === 0) return 'Add';
  const startsVersion = after.some((version) => version.from === row.date);
  if (startsVersion && before.every((version) => version.from < row.date)) return 'Append';
  if (liesInPlaceholder(row.date, before) && endsCoveredSilence(row, later, policy)) return 'Replace';
  return isSame(before, after) ? 'Unchanged' : 'Merge';
}

function liesInPlaceholder(date: number, chain: readonly Version[]): boolean {
  return chain.some(({ isPlaceholder, from, to }) => isPlaceholder && from <= date && to !== null && date < to);
}

/** Whether rule 3 puts a placeholder before the row's date that rule 4 takes away. */
function endsCoveredSilence(row: Entry, later: readonly Entry[], policy: ModelPolicy): boolean {
  return silencesOf(later, row.account, row.reference, policy).some(
    (silence) => silence.to === row.date && isCovered(silence, policy, row.account),
  );
}

/** Whether two chains are the same but for names and batches. */
function isSame(before: readonly Version[], after: readonly Version[]): boolean {
  const shape = (chain: readonly Version[]) =>
    JSON.stringify(chain.map((v) => [v.from, v.to, v.amount, v.term, v.isPlaceholder, v.isMissing]));
  return shape(before) === shape(after);
}

function countsOfItem(before: readonly Version[], after: readonly Version[]): Counts {
  const wasMissing = (version: Version) => before.some((old) => old.isMissing && old.from === version.from);
  const old = before.filter((version) => version.isPlaceholder);
  const now = after.filter((version) => version.isPlaceholder);
  return {
    zeroed: after.filter((version) => version.isMissing && !wasMissing(version)).length,
    placeholdersInserted: now.filter((placeholder) => !old.some((other) => overlap(placeholder, other))).length,
    placeholdersReplaced: old.filter((placeholder) => !now.some((other) => overlap(placeholder, other))).length,
  };
}

function overlap(a: Version, b: Version): boolean {
  return (b.to === null || a.from < b.to) && (a.to === null || b.from < a.to);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
