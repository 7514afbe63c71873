import { describe, expect, test } from '@jest/globals';
import { dateOf, dayOf } from '../../src/history/day.js';
import { sampleDates, valuesAt, type Interval } from '../../src/history/sample.js';

describe('the dates of a sample', () => {
  test.each<[string, Interval, number, string]>([
    ['2023-01-31', 'month', 5, '2023-01-31 2023-02-28 2023-03-31 2023-04-30 2023-05-31'],
    ['2024-01-31', 'month', 4, '2024-01-31 2024-02-29 2024-03-31 2024-04-30'],
    ['2024-01-30', 'month', 3, '2024-01-30 2024-02-29 2024-03-30'],
    ['2023-01-29', 'month', 3, '2023-01-29 2023-02-28 2023-03-29'],
    ['2024-02-29', 'month', 13, '2024-02-29 2024-03-29 2024-04-29 2024-05-29 2024-06-29 2024-07-29 2024-08-29 2024-09-29 2024-10-29 2024-11-29 2024-12-29 2025-01-29 2025-02-28'],
    // A century is a leap year only where 400 divides it.
    ['2100-01-31', 'month', 2, '2100-01-31 2100-02-28'],
    ['2000-01-31', 'month', 2, '2000-01-31 2000-02-29'],
    ['2023-11-30', 'month', 4, '2023-11-30 2023-12-30 2024-01-30 2024-02-29'],
    ['2024-02-27', 'day', 4, '2024-02-27 2024-02-28 2024-02-29 2024-03-01'],
    ['2023-02-27', 'day', 3, '2023-02-27 2023-02-28 2023-03-01'],
    ['2023-12-25', 'week', 3, '2023-12-25 2024-01-01 2024-01-08'],
    ['9999-12-30', 'day', 5, '9999-12-30 9999-12-31'],
    ['9999-11-30', 'month', 5, '9999-11-30 9999-12-30'],
  ])('from %s every %s, %i of them', (from, every, count, expected) => {
    expect(sampleDates(dayOf(from), every, count).map(dateOf).join(' ')).toBe(expected);
  });
});

describe('a chain at the dates of a sample', () => {
  const version = (from: string, to: string | null): { from: number; to: number | null } => ({ from: dayOf(from), to: to === null ? null : dayOf(to) });
  const monthEnds = sampleDates(dayOf('2023-12-31'), 'month', 5);

  test.each([
    ['says nothing before its first version', [version('2024-02-29', null)], ['2024-02-29', '2024-02-29', '2024-02-29']],
    ['says the new value on the day that it starts, the old one on the day before', [version('2024-01-31', '2024-03-31'), version('2024-03-31', null)], ['2024-01-31', '2024-01-31', '2024-03-31', '2024-03-31']],
    ['may step over versions', [version('2023-12-31', '2024-01-02'), version('2024-01-02', '2024-01-03'), version('2024-01-03', null)], ['2023-12-31', '2024-01-03', '2024-01-03', '2024-01-03', '2024-01-03']],
    ['is empty where there is no chain', [], []],
  ])('%s', (_, chain, starts) => {
    expect([...valuesAt(chain, monthEnds)].map(([, { from }]) => dateOf(from))).toEqual(starts);
  });
});
