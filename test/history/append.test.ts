import { describe, expect, test } from '@jest/globals';
import { isPlainAppend } from '../../src/history/append.js';
import { fractionOf } from '../../src/history/fraction.js';
import { timelineOf, type Timeline } from '../../src/history/timeline.js';

/** Submissions count for ten days; one that covers eight tenths of a silence takes it away. */
function submittedOn(...dates: readonly number[]): Timeline {
  const policy = { validityDays: 10, coverage: fractionOf(0.8), missingItems: 'zero' as const, tracked: [] };
  return timelineOf(dates.map((date, index) => ({ date, batch: index + 1 })), policy);
}

describe('a change is a plain append where', () => {
  test('its one submission lies behind all others while they still count', () => {
    expect(isPlainAppend(submittedOn(0, 10), submittedOn(0, 10, 20))).toBe(true);
    expect(isPlainAppend(submittedOn(), submittedOn(5))).toBe(true);
  });

  test('it takes no earlier silence away', () => {
    expect(isPlainAppend(submittedOn(0, 30), submittedOn(0, 30, 40))).toBe(true);
  });
});

describe('a change is no plain append where', () => {
  test('the account was silent before it', () => {
    expect(isPlainAppend(submittedOn(0, 10), submittedOn(0, 10, 21))).toBe(false);
  });

  test('it lies between or before others', () => {
    expect(isPlainAppend(submittedOn(0, 20), submittedOn(0, 10, 20))).toBe(false);
    expect(isPlainAppend(submittedOn(5), submittedOn(0, 5))).toBe(false);
  });

  test('it is of a date that was there, or of several dates', () => {
    expect(isPlainAppend(submittedOn(0, 10), submittedOn(0, 10))).toBe(false);
    expect(isPlainAppend(submittedOn(0), submittedOn(0, 5, 10))).toBe(false);
  });

  test('it shows that the submission before it covers most of a silence', () => {
    const [before, after] = [submittedOn(0, 12), submittedOn(0, 12, 22)];
    expect([before.silentFrom[1], after.silentFrom[1]]).toEqual([10, undefined]);
    expect(isPlainAppend(before, after)).toBe(false);
  });
});
