import { describe, expect, test } from '@jest/globals';
import type { Version } from '../../src/history/chain.js';
import { isLost } from '../../src/history/loss.js';

const RULES = [{ whenMissing: 0, whenSilent: null }, { whenSilent: 'N/A' }];

function version(amount: number | null, changes: Partial<Version> = {}): Version {
  return { from: 0, to: null, tracked: [amount, 'Cash'], untracked: ['Acme'], isPlaceholder: false, isMissing: false, batch: 1, ...changes };
}

const standing = [version(5)];
const missing = version(0, { from: 10, isMissing: true });

describe('an item is lost', () => {
  test('where it stands for something today and would be a missing zero', () => {
    expect(isLost(standing, [version(5, { to: 10 }), missing], RULES)).toBe(true);
  });

  test('where nothing is known of its amount today: that is not zero', () => {
    expect(isLost([version(null)], [missing], RULES)).toBe(true);
  });
});

describe('an item is not lost', () => {
  test('where it is zero today, missing or not', () => {
    expect(isLost([version(0)], [missing], RULES)).toBe(false);
    expect(isLost([missing], [missing], RULES)).toBe(false);
  });

  test('where it says zero itself, or is missing and keeps its amount', () => {
    expect(isLost(standing, [version(0)], RULES)).toBe(false);
    expect(isLost(standing, [version(5, { isMissing: true })], RULES)).toBe(false);
  });

  test('where it has no chain before or after', () => {
    expect(isLost([], [missing], RULES)).toBe(false);
    expect(isLost(standing, [], RULES)).toBe(false);
  });

  test('today, where its chain goes on behind what is looked at', () => {
    expect(isLost([version(5, { to: 20 })], [missing], RULES)).toBe(false);
    expect(isLost(standing, [{ ...missing, to: 20 }], RULES)).toBe(false);
  });

  test('where the value of something missing is that it has none', () => {
    const rules = [{ whenMissing: null, whenSilent: null }];
    const one = (amount: number | null, isMissing: boolean): Version => version(amount, { tracked: [amount], isMissing });
    expect(isLost([one(5, false)], [one(null, true)], rules)).toBe(true);
    expect(isLost([one(null, false)], [one(null, true)], rules)).toBe(false);
  });
});
