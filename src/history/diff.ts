import { sameValues, type Version } from './chain.js';
import type { Day } from './day.js';

/** A live version with its id in the database. */
export interface StoredVersion extends Version {
  readonly id: number;
}

/** What has to be written so that the stored versions of an item become the derived ones. */
export interface Diff {
  readonly removed: readonly number[];
  readonly updated: readonly StoredVersion[];
  readonly inserted: readonly Version[];
}

/**
 * The difference between the stored and the derived versions of one item over the same window, both ascending.
 * A version whose start, kind and tracked values stay is updated in place, any other is replaced.
 */
export function diff(stored: readonly StoredVersion[], derived: readonly Version[]): Diff {
  const byStart = standingByStart(stored, derived);
  const surplus = byStart.size === stored.length ? [] : stored.filter((version) => byStart.get(version.from) !== version);
  const updated: StoredVersion[] = [];
  const inserted: Version[] = [];
  for (const version of derived) {
    const earlier = byStart.get(version.from);
    if (earlier === undefined || !sameIdentity(earlier, version)) inserted.push(version);
    else {
      byStart.delete(version.from);
      if (!sameDetails(earlier, version)) updated.push({ ...version, id: earlier.id });
    }
  }
  return { removed: [...surplus, ...byStart.values()].map(({ id }) => id), updated, inserted };
}

/**
 * The stored versions by their start. The database refuses two with the same one; where its index was lost and there
 * are two, the one that is closer to what is derived stands, the older of equal ones.
 */
export function standingByStart(stored: readonly StoredVersion[], derived: readonly Version[]): Map<Day, StoredVersion> {
  const byStart = new Map(stored.map((version) => [version.from, version]));
  if (byStart.size === stored.length) return byStart;
  const closeness = (version: StoredVersion): number => {
    const expected = derived.find(({ from }) => from === version.from);
    return expected === undefined ? 0 : Number(sameIdentity(version, expected)) + Number(!differs(version, expected));
  };
  return new Map([...stored].sort((one, other) => closeness(one) - closeness(other) || other.id - one.id).map((version) => [version.from, version]));
}

/** Whether a stored version with the start of a derived one says anything else. */
export function differs(stored: Version, derived: Version): boolean {
  return !sameIdentity(stored, derived) || !sameDetails(stored, derived);
}

function sameIdentity(one: Version, other: Version): boolean {
  return one.isPlaceholder === other.isPlaceholder && sameValues(one.tracked, other.tracked);
}

function sameDetails(one: Version, other: Version): boolean {
  return one.to === other.to && one.isMissing === other.isMissing && one.batch === other.batch
    && sameValues(one.untracked, other.untracked);
}

/** Whether two chains are the same but for untracked values and batches. */
export function sameChain(one: readonly Version[], other: readonly Version[]): boolean {
  return one.length === other.length && one.every((version, index) => sameVersion(version, other[index]!));
}

function sameVersion(one: Version, other: Version): boolean {
  return one.from === other.from && one.to === other.to && one.isMissing === other.isMissing && sameIdentity(one, other);
}
