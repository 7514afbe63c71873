import { describe, expect, test } from '@jest/globals';
import { countArgument, dayArgument, instantArgument } from '../../src/cli/arguments.js';
import { dateOf } from '../../src/history/day.js';

describe('what is typed', () => {
  test.each(['2024-02-29', '2000-02-29', '1990-01-01', '9999-12-31'])('as the date %s is that day', (text) => {
    expect(dateOf(dayArgument('date', text))).toBe(text);
  });

  test.each(['2024-02-30', '2023-02-29', '2100-02-29', '2024-13-01', '2024-00-10', '0050-01-01', '2024-1-1', '24-01-01', 'yesterday', '', '2024-01-01T00:00Z', '01/02/2024'])(
    'as the date "%s" is refused', (text) => {
      expect(() => dayArgument('date', text)).toThrow(`date: expected a date that exists, such as 2024-02-29, found "${text}"`);
    });

  test.each([
    ['2024-02-29T17:30Z', '2024-02-29T17:30:00.000Z'],
    ['2024-02-29 17:30:05Z', '2024-02-29T17:30:05.000Z'],
    ['2024-02-29T17:30:05.25+01:00', '2024-02-29T16:30:05.250Z'],
    ['2024-03-01T00:30-05:30', '2024-03-01T06:00:00.000Z'],
  ])('as the time %s is the instant %s', (text, expected) => {
    expect(instantArgument('--known-at', text)).toBe(expected);
  });

  test.each(['2024-02-29', '2024-02-29T17:30', '2024-02-29T25:00Z', '2024-02-29T17:61Z', '2023-02-29T10:00Z', 'now', '1709227800000', '2024-02-29T17:30+25:00'])(
    'as the time "%s" is refused', (text) => {
      expect(() => instantArgument('--known-at', text)).toThrow(/^--known-at: expected/u);
    });

  test.each(['0', '-1', '1.5', '', '1e3', 'ten', '01', '9999999999'])('as the count "%s" is refused', (text) => {
    expect(() => countArgument('--count', text)).toThrow(`--count: expected a whole number from 1, found "${text}"`);
  });
});
