import { printable } from '../errors.js';
import type { Version } from '../history/chain.js';
import { dateOf, type Day } from '../history/day.js';
import type { StoredVersion } from '../history/diff.js';
import type { ChainFault, ChainFinding } from '../history/health.js';
import { TRACKED, UNTRACKED, type Value } from '../template.js';

/** What `check` found, for people and for programs. */
export interface Finding {
  readonly kind: ChainFault | BatchFault;
  readonly account: string | null;
  readonly reference: string | null;
  readonly batch: number | null;
  /** A sentence that names the item and the versions, or the batch and the numbers. */
  readonly message: string;
  /** The versions of the item that are concerned, and what the observations say instead. */
  readonly versions: readonly NamedVersion[];
  readonly expected: NamedVersion | null;
}

/** What is wrong with a batch. */
export type BatchFault = 'wrong total' | 'wrong mark' | 'wrong date' | 'lost rows' | 'rows too many' | 'not applied';

/** A version by the names of the columns of `master_record`. */
type NamedVersion = Readonly<Record<string, Value | boolean>>;

/** A finding about an item. */
export function itemFinding(account: string, reference: string, found: ChainFinding): Finding {
  return {
    kind: found.kind, account, reference, batch: null, message: `${printable(account)} / ${printable(reference)}: ${found.kind}: ${wordsOf(found)}`,
    versions: found.versions.map((version) => named(version, version.id)),
    expected: found.expected === undefined ? null : named(found.expected, null),
  };
}

function wordsOf({ kind, versions, expected }: ChainFinding): string {
  const [first, second] = versions;
  switch (kind) {
    case 'overlap': return `${titleOf(first!)} and ${titleOf(second!)}`;
    case 'gap': return `nothing from ${shown(first!.to)} to ${shown(second!.from)}, between version ${first!.id} and version ${second!.id}`;
    case 'several open versions': return versions.map(titleOf).join(', ');
    case 'no open version': return `the last, ${titleOf(first!)}, has an end`;
    case 'long period': return `${titleOf(first!)} lasts ${first!.to! - first!.from} days`;
    case 'missing version': return `the observations say ${periodOf(expected!)} ${valuesOf(expected!)}`;
    case 'extra version': return `${titleOf(first!)} ${valuesOf(first!)} does not follow from the observations`;
    case 'wrong version': return `${titleOf(first!)}: ${deviationsOf(first!, expected!).join(', ')}`;
  }
}

function titleOf(version: StoredVersion): string {
  return `version ${version.id} ${periodOf(version)}`;
}

function periodOf({ from, to }: Version): string {
  return `[${shown(from)}, ${to === null ? 'open' : shown(to)})`;
}

/** A date that was written into the database by hand may be none. */
function shown(day: Day | null): string {
  if (day === null) return 'open';
  return Number.isFinite(day) ? dateOf(day) : 'no date';
}

function valuesOf(version: Version): string {
  const { id: _, from_date: _from, to_date: _to, batch_id: batch, is_placeholder: isPlaceholder, is_missing: isMissing, ...values } = named(version, null);
  const flags = [isPlaceholder ? 'placeholder' : '', isMissing ? 'missing' : ''].filter((flag) => flag !== '');
  return [...Object.entries(values).map(([name, value]) => `${name} ${text(value)}`), ...flags, `by batch ${String(batch)}`].join(', ');
}

function deviationsOf(version: Version, expected: Version): string[] {
  const should = named(expected, null);
  return Object.entries(named(version, null)).filter(([name, value]) => value !== should[name])
    .map(([name, value]) => `${name} is ${text(value)}, the observations say ${text(should[name]!)}`);
}

function text(value: Value | boolean): string {
  return value === null ? 'nothing' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function named(version: Version, id: number | null): NamedVersion {
  const { from, to, isPlaceholder, isMissing, batch, tracked, untracked } = version;
  const values = [...TRACKED, ...UNTRACKED].map(({ name }, index) => [name, [...tracked, ...untracked][index] ?? null] as const);
  return {
    id, from_date: shown(from), to_date: to === null ? null : shown(to), ...Object.fromEntries(values),
    is_placeholder: isPlaceholder, is_missing: isMissing, batch_id: batch,
  };
}
