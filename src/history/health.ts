import type { Version } from './chain.js';
import { differs, standingByStart, type StoredVersion } from './diff.js';

/** What is wrong with the chain of an item: by itself, and against what its observations derive. */

/** How a chain is wrong. Only a long period is no damage. */
export type ChainFault =
  | 'overlap' | 'gap' | 'several open versions' | 'no open version' | 'long period'
  | 'missing version' | 'extra version' | 'wrong version';

export interface ChainFinding {
  readonly kind: ChainFault;
  /** The versions concerned, ascending; none where one is missing. */
  readonly versions: readonly StoredVersion[];
  /** What the observations say, of a missing or wrong version. */
  readonly expected?: Version;
}

/**
 * What is wrong with stored versions by themselves, which are ascending: from the first to the one open version they
 * must neither overlap nor leave a gap. With `maxPeriodDays`, closed versions that last longer are named as well.
 */
export function faultsOf(versions: readonly StoredVersion[], maxPeriodDays: number | null = null): ChainFinding[] {
  if (versions.length === 0) return [];
  const faults: ChainFinding[] = [];
  let furthest = versions[0]!;
  for (const version of versions.slice(1)) {
    const kind = faultBetween(furthest, version);
    if (kind !== undefined) faults.push({ kind, versions: [furthest, version] });
    if (endOf(version) >= endOf(furthest)) furthest = version;
  }
  const open = versions.filter(({ to }) => to === null);
  if (open.length > 1) faults.push({ kind: 'several open versions', versions: open });
  if (open.length === 0) faults.push({ kind: 'no open version', versions: [furthest] });
  return [...faults, ...longPeriods(versions, maxPeriodDays)];
}

function faultBetween(before: Version, version: Version): ChainFault | undefined {
  if (before.to === null && version.to === null) return undefined;
  if (endOf(before) > version.from) return 'overlap';
  return endOf(before) < version.from ? 'gap' : undefined;
}

function longPeriods(versions: readonly StoredVersion[], maxPeriodDays: number | null): ChainFinding[] {
  if (maxPeriodDays === null) return [];
  return versions.filter(({ from, to }) => to !== null && to - from > maxPeriodDays)
    .map((version) => ({ kind: 'long period', versions: [version] }));
}

/** Where the stored versions of an item, ascending, are not those that its observations derive. */
export function differencesOf(stored: readonly StoredVersion[], derived: readonly Version[]): ChainFinding[] {
  if (stored.length === derived.length && derived.every((version, index) => isSame(stored[index]!, version))) return [];
  const standing = standingByStart(stored, derived);
  const expected = new Set(derived.map(({ from }) => from));
  const found: ChainFinding[] = [];
  for (const version of derived) {
    const earlier = standing.get(version.from);
    if (earlier === undefined) found.push({ kind: 'missing version', versions: [], expected: version });
    else if (differs(earlier, version)) found.push({ kind: 'wrong version', versions: [earlier], expected: version });
  }
  const extra = stored.filter((version) => standing.get(version.from) !== version || !expected.has(version.from));
  return [...found, ...extra.map((version): ChainFinding => ({ kind: 'extra version', versions: [version] }))];
}

function isSame(stored: StoredVersion, derived: Version): boolean {
  return stored.from === derived.from && !differs(stored, derived);
}

function endOf({ to }: Version): number {
  return to ?? Number.POSITIVE_INFINITY;
}
