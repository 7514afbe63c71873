import { expect, test } from '@jest/globals';
import { Rests } from '../../src/service/rests.js';

let now = 0;
const rests = (): Rests => new Rests(() => now, 3);

test('what may pass is tried again for ever, after rests that grow to a minute', () => {
  const resting = rests();
  const lengths = Array.from({ length: 9 }, () => resting.begin('a', true));
  expect(lengths).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
});

test('what cannot pass stands still after its last try, or at once where trying is useless', () => {
  const resting = rests();
  expect([resting.begin('a', false), resting.begin('a', false), resting.begin('a', false)]).toEqual([1_000, 2_000, Infinity]);
  expect(resting.begin('b', false, true)).toBe(Infinity);
  now += 1e9;
  expect([resting.isResting('a'), resting.isResting('c')]).toEqual([true, false]);
});

test('a rest is over at its instant, once the work stands otherwise, and once it was done', () => {
  const resting = rests();
  resting.begin('a', true);
  expect(resting.isResting('a', 'Ready')).toBe(true);
  expect(resting.isResting('a', 'Deleted')).toBe(false);
  now += 999;
  expect(resting.isResting('a', 'Ready')).toBe(true);
  now += 1;
  expect(resting.isResting('a', 'Ready')).toBe(false);
  resting.end('a');
  expect([resting.size, resting.begin('a', true)]).toEqual([0, 1_000]);
});

test('a clock that is set back does not make a rest a long one', () => {
  const resting = rests();
  resting.begin('a', true);
  now -= 3_600_000;
  expect(resting.isResting('a')).toBe(false);
});

test('work that is not there any more is forgotten', () => {
  const resting = rests();
  resting.begin('a', true);
  resting.begin('b', true);
  resting.keepOnly(new Set(['b', 'c']));
  expect([resting.size, resting.isResting('a'), resting.isResting('b')]).toEqual([1, false, true]);
});
