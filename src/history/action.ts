import type { Version } from './chain.js';
import type { Day } from './day.js';
import { sameChain } from './diff.js';
import type { Timeline } from './timeline.js';

/** What an accepted row did to the chain of its item (HISTORY.md, What a row did). */
export type Action = 'Add' | 'Append' | 'Replace' | 'Unchanged' | 'Merge';

/**
 * The action of a row dated `date`: the first that fits, by the item's chain before and after its submission.
 * The chains may be cut to a window that reaches the date; `after` is the timeline after the submission.
 */
export function actionOf(before: readonly Version[], after: readonly Version[], date: Day, timeline: Timeline): Action {
  if (before.length === 0) return 'Add';
  if (startsBehindAll(before, after, date)) return 'Append';
  if (isSilent(before, date) && timeline.covered.has(date)) return 'Replace';
  return sameChain(before, after) ? 'Unchanged' : 'Merge';
}

function startsBehindAll(before: readonly Version[], after: readonly Version[], date: Day): boolean {
  // A cut chain whose last version ends goes on behind the window.
  if (before[before.length - 1]!.to !== null) return false;
  return before.every((version) => version.from < date) && after.some((version) => version.from === date);
}

function isSilent(chain: readonly Version[], date: Day): boolean {
  return chain.some((version) => version.isPlaceholder && version.from <= date && date < version.to!);
}

/** What a batch did to chains beside its own rows. */
export interface Effects {
  zeroed: number;
  placeholdersInserted: number;
  placeholdersReplaced: number;
}

/** Adds to `effects` the difference between an item's chains before and after. */
export function countEffects(effects: Effects, before: readonly Version[], after: readonly Version[]): void {
  effects.zeroed += newZeros(before, after).length;
  effects.placeholdersInserted += newSilences(before, after).length;
  effects.placeholdersReplaced += newSilences(after, before).length;
}

/** The versions of a chain that are zero for want of a row, and were not before. */
export function newZeros(before: readonly Version[], after: readonly Version[]): Version[] {
  return after.filter((version) => version.isMissing && !before.some((earlier) => earlier.isMissing && earlier.from === version.from));
}

/** The placeholders of a chain that overlap none of those before. */
export function newSilences(before: readonly Version[], after: readonly Version[]): Version[] {
  return after.filter((version) => version.isPlaceholder
    && !before.some((earlier) => earlier.isPlaceholder && overlap(version, earlier)));
}

function overlap(one: Version, other: Version): boolean {
  return one.from < other.to! && other.from < one.to!;
}
