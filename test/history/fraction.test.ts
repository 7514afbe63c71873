import { describe, expect, test } from '@jest/globals';
import { exceeds, fractionOf, percent, reaches } from '../../src/history/fraction.js';

describe('a ratio', () => {
  test('is compared as it was written, not as floating point holds it', () => {
    expect(reaches(8, 10, fractionOf(0.8))).toBe(true);
    expect(reaches(7, 10, fractionOf(0.7))).toBe(true);
    expect(exceeds(3, 10, fractionOf(0.3))).toBe(false);
    expect(exceeds(30_001, 100_000, fractionOf(0.3))).toBe(true);
  });

  test('may be 0, 1 or very small', () => {
    expect(exceeds(1, 1, fractionOf(1))).toBe(false);
    expect(exceeds(0, 1, fractionOf(0))).toBe(false);
    expect(exceeds(1, 1_000_000, fractionOf(0))).toBe(true);
    expect(exceeds(1, 10_000_000, fractionOf(1e-7))).toBe(false);
  });

  test('is told in percent as it was written', () => {
    expect([0.07, 0.3, 1, 0, 0.0005, 1e-7].map((ratio) => percent(fractionOf(ratio)))).toEqual(['7 %', '30 %', '100 %', '0 %', '0.05 %', '0 %']);
  });
});
