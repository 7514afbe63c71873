import { sameValues, type Version } from './chain.js';

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
  const byStart = new Map(stored.map((version) => [version.from, version]));
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
  return { removed: [...byStart.values()].map(({ id }) => id), updated, inserted };
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
