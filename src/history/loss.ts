import { sameValues, zeroed, type Version } from './chain.js';
import type { TrackedRule, Value } from './policy.js';

/** Whether an item that stands for something today would be a missing zero, by its chain before and after a change. */
export function isLost(before: readonly Version[], after: readonly Version[], rules: readonly TrackedRule[]): boolean {
  const now = before[before.length - 1];
  const then = after[after.length - 1];
  if (now?.to !== null || then?.to !== null) return false;
  const isZero = (tracked: readonly Value[]): boolean => sameValues(tracked, zeroed(tracked, rules));
  return !isZero(now.tracked) && then.isMissing && isZero(then.tracked);
}
