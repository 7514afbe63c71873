/** The guard: whether a batch would make too many of an account's items missing zeros. */

import { type Version, chainOf } from './chain.js';
import { isMoreThan } from './days.js';
import { type Entry, referencesOf, unique } from './record.js';
import type { ModelPolicy } from './types.js';

const LEAST_ITEMS = 10;

/** Whether a batch with these entries is held back, by all chains of its accounts without it and with it. */
export function isGuarded(before: readonly Entry[], ofBatch: readonly Entry[], policy: ModelPolicy): boolean {
  const ratio = policy.maxMissingRatio;
  if (ratio === undefined) return false;
  const after = [...before, ...ofBatch];
  return unique(ofBatch.map((entry) => entry.account)).some((account) => {
    const current = referencesOf(before, account).filter((item) => isNonZero(openOf(before, account, item, policy)));
    const lost = current.filter((item) => isMissingZero(openOf(after, account, item, policy)));
    return current.length >= LEAST_ITEMS && isMoreThan(lost.length, current.length, ratio);
  });
}

function openOf(entries: readonly Entry[], account: string, reference: string, policy: ModelPolicy): Version | undefined {
  return chainOf(entries, account, reference, policy).find((version) => version.to === null);
}

/** No amount is not an amount of 0. */
function isNonZero(version: Version | undefined): boolean {
  return version !== undefined && version.amount !== 0;
}

function isMissingZero(version: Version | undefined): boolean {
  return version !== undefined && version.isMissing && version.amount === 0;
}
