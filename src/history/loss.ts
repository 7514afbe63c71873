import { sameValues, type Version } from './chain.js';
import type { TrackedRule, Value } from './policy.js';

/** Whether an item that stands for something today would be a missing zero, by its chain before and after a change. */
export function isLost(before: readonly Version[], after: readonly Version[], rules: readonly TrackedRule[]): boolean {
  const now = before[before.length - 1];
  const then = after[after.length - 1];
  if (now?.to !== null || then?.to !== null) return false;
  return !isZero(now.tracked, rules) && then.isMissing && isZero(then.tracked, rules);
}

function isZero(tracked: readonly Value[], rules: readonly TrackedRule[]): boolean {
  return sameValues(tracked, tracked.map((value, index) => rules[index]?.whenMissing ?? value));
}
