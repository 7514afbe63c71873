import { describe, expect, test } from '@jest/globals';
import { diff, type StoredVersion } from '../../src/history/diff.js';
import { differencesOf, faultsOf } from '../../src/history/health.js';

/** A version of a story: days, an amount, and whatever else matters. */
function version(id: number, from: number, to: number | null, amount = 1, changes: Partial<StoredVersion> = {}): StoredVersion {
  return { id, from, to, tracked: [amount, 'Cash'], untracked: ['Acme'], isPlaceholder: false, isMissing: false, batch: 1, ...changes };
}

function kinds(found: ReturnType<typeof faultsOf>): string[] {
  return found.map(({ kind, versions, expected }) => [kind, ...versions.map(({ id }) => id), ...(expected === undefined ? [] : [`from ${expected.from}`])].join(' '));
}

describe('a chain by itself', () => {
  test('is sound where each version ends where the next begins and the last is open', () => {
    expect(faultsOf([version(1, 0, 10), version(2, 10, 20), version(3, 20, null)])).toEqual([]);
    expect(faultsOf([])).toEqual([]);
  });

  test('must not leave a gap', () => {
    expect(kinds(faultsOf([version(1, 0, 10), version(2, 11, null)]))).toEqual(['gap 1 2']);
  });

  test('must not overlap, by a day or by lying within an earlier version', () => {
    expect(kinds(faultsOf([version(1, 0, 11), version(2, 10, null)]))).toEqual(['overlap 1 2']);
    expect(kinds(faultsOf([version(1, 0, 30), version(2, 10, 20), version(3, 25, null)]))).toEqual(['overlap 1 2', 'overlap 1 3']);
    expect(kinds(faultsOf([version(1, 0, null), version(2, 10, 20)]))).toEqual(['overlap 1 2']);
  });

  test('must have exactly one open version', () => {
    expect(kinds(faultsOf([version(1, 0, 10), version(2, 10, 20)]))).toEqual(['no open version 2']);
    expect(kinds(faultsOf([version(1, 0, null), version(2, 10, null)]))).toEqual(['several open versions 1 2']);
    expect(kinds(faultsOf([version(1, 0, 10), version(2, 10, null), version(3, 20, null)]))).toEqual(['several open versions 2 3']);
  });

  test('is named where a closed version lasts longer than the days given, not where it lasts as long, nor while it is open', () => {
    const chain = [version(1, 0, 31), version(2, 31, 63), version(3, 63, null)];
    expect(kinds(faultsOf(chain, 31))).toEqual(['long period 2']);
    expect(faultsOf(chain)).toEqual([]);
  });
});

describe('a chain against its observations', () => {
  const derived = [version(0, 0, 10, 1), version(0, 10, null, 2)];

  test('is sound where it says the same, whatever its ids', () => {
    expect(differencesOf([version(7, 0, 10, 1), version(9, 10, null, 2)], derived)).toEqual([]);
  });

  test.each<[string, Partial<StoredVersion>]>([
    ['value', { tracked: [3, 'Cash'] }], ['term', { tracked: [2, 'N/A'] }], ['name', { untracked: ['Bolt'] }], ['end', { to: 12 }],
    ['kind', { isPlaceholder: true }], ['flag', { isMissing: true }], ['batch', { batch: 2 }],
  ])('is named where a version has another %s', (_, changes) => {
    expect(kinds(differencesOf([version(7, 0, 10, 1), version(9, 10, null, 2, changes)], derived))).toEqual(['wrong version 9 from 10']);
  });

  test('is named where a version is missing, is too much, or begins on another day', () => {
    expect(kinds(differencesOf([version(7, 0, 10, 1)], derived))).toEqual(['missing version from 10']);
    expect(kinds(differencesOf([...derived, version(9, 20, 30)], derived))).toEqual(['extra version 9']);
    expect(kinds(differencesOf([version(7, 0, 10, 1), version(9, 11, null, 2)], derived))).toEqual(['missing version from 10', 'extra version 9']);
    expect(kinds(differencesOf([], derived))).toEqual(['missing version from 0', 'missing version from 10']);
    expect(kinds(differencesOf([version(7, 0, null)], []))).toEqual(['extra version 7']);
  });

  test('keeps, of two versions with one start, the one that is right, and has the other removed', () => {
    for (const twins of [[version(8, 10, null, 5), version(9, 10, null, 2)], [version(9, 10, null, 2), version(8, 10, null, 5)]]) {
      const stored = [version(7, 0, 10, 1), ...twins];
      expect(kinds(differencesOf(stored, derived))).toEqual(['extra version 8']);
      expect(diff(stored, derived)).toEqual({ removed: [8], updated: [], inserted: [] });
    }
  });
});
