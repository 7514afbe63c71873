import type { Fraction } from './fraction.js';

/** A tracked or untracked value: text, a number, or none. */
export type Value = string | number | null;

/** What a tracked value becomes where nothing was said of it. */
export interface TrackedRule {
  /** The value of an item missing from a submission; undefined keeps the value it had. */
  readonly whenMissing?: Value | undefined;
  /** The value while the account is silent. */
  readonly whenSilent: Value;
}

/** The rules in force for one account. */
export interface Policy {
  /** V: for how many days a submission counts; null turns placeholders off. */
  readonly validityDays: number | null;
  readonly coverage: Fraction;
  readonly missingItems: 'zero' | 'keep';
  /** One for each tracked value, in the order of the values in a version. */
  readonly tracked: readonly TrackedRule[];
}
