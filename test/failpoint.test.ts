import { expect, test } from '@jest/globals';
import { armedBy, failpoint } from '../src/failpoint.js';

test('a fail point that the environment does not name does nothing', async () => {
  await expect(failpoint('claimed')).resolves.toBeUndefined();
});

test('a setting arms points by name, with a deed and the time at which it is done', () => {
  expect([...armedBy('claimed:exit,admitted:throw:2')].map(([name, { nth }]) => [name, nth])).toEqual([['claimed', undefined], ['admitted', 2]]);
  expect([...armedBy(undefined)]).toEqual([]);
});

test.each(['claimed', 'claimed:explode', 'claimed:exit:0', 'claimed:exit:soon'])('what cannot be understood is refused: %s', (setting) => {
  expect(() => armedBy(setting)).toThrow(`expected NAME:exit|stop|throw|sleep[:NTH], found "${setting}"`);
});
