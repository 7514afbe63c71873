import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { oneAhead } from '../src/one-ahead.js';

/** Makes tens of numbers, and tells what happens. */
function making(told: string[], failsAt?: number): (item: number) => Promise<number> {
  return async (item) => {
    told.push(`make ${item}`);
    await tick();
    if (item === failsAt) throw new Error(`no ${item}`);
    told.push(`made ${item}`);
    return item * 10;
  };
}

test('what comes next is made while somebody looks at what was made', async () => {
  const told: string[] = [];
  for await (const made of oneAhead([1, 2, 3], making(told))) told.push(`look at ${made}`);
  expect(told).toEqual(['make 1', 'made 1', 'make 2', 'look at 10', 'made 2', 'make 3', 'look at 20', 'made 3', 'look at 30']);
  for await (const _ of oneAhead([], making(told))) throw new Error('of nothing nothing is made');
});

test('what fails is thrown when its turn comes, and nothing is made behind it', async () => {
  const told: string[] = [];
  const looks = async (): Promise<void> => { for await (const made of oneAhead([1, 2, 3], making(told, 2))) told.push(`look at ${made}`); };
  await expect(looks()).rejects.toThrow('no 2');
  expect(told).toEqual(['make 1', 'made 1', 'make 2', 'look at 10']);
});

test('who leaves waits for what is being made, whatever comes of it', async () => {
  for (const failsAt of [undefined, 2]) {
    const told: string[] = [];
    for await (const made of oneAhead([1, 2, 3], making(told, failsAt))) {
      told.push(`leave at ${made}`);
      break;
    }
    expect(told.filter((line) => line.startsWith('made'))).toEqual(failsAt === undefined ? ['made 1', 'made 2'] : ['made 1']);
  }
});
