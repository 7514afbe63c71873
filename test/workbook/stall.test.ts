import { jest } from '@jest/globals';
import { Stall } from '../../src/workbook/stall.js';

describe('silence', () => {
  let fired = 0;
  let stall: Stall;
  beforeEach(() => {
    jest.useFakeTimers();
    fired = 0;
    stall = new Stall(1_000, () => { fired += 1; });
  });
  afterEach(() => jest.useRealTimers());

  test('counts from the first sign of life, and fires once', () => {
    jest.advanceTimersByTime(10_000);
    expect(fired).toBe(0);
    stall.alive();
    jest.advanceTimersByTime(999);
    expect(fired).toBe(0);
    jest.advanceTimersByTime(10_000);
    expect(fired).toBe(1);
  });

  test('is broken by any sign of life', () => {
    for (let sign = 0; sign < 10; sign += 1) {
      stall.alive();
      jest.advanceTimersByTime(900);
    }
    expect(fired).toBe(0);
  });

  test('does not count while paused, nor after the end', () => {
    stall.alive();
    stall.pause();
    jest.advanceTimersByTime(10_000);
    stall.alive();
    jest.advanceTimersByTime(900);
    stall.stop();
    stall.alive();
    jest.advanceTimersByTime(10_000);
    expect(fired).toBe(0);
  });
});
