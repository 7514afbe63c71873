import { expect, test } from '@jest/globals';
import { Turns } from '../../src/service/turns.js';

const turn = async (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

test('work on an account waits for all that came before for it, whether that succeeds, and for nothing else; who waits is told', async () => {
  const [seen, waiting]: [string[], number[]] = [[], []];
  const turns = new Turns((count) => waiting.push(count));
  const ends = new Map<string, (error?: Error) => void>();
  const take = async (name: string, ...accounts: string[]): Promise<void> => turns.take(accounts, async () => {
    seen.push(name);
    await new Promise<void>((resolve, reject) => { ends.set(name, (error) => (error === undefined ? resolve() : reject(error))); });
  });
  const taken = [take('a', 'A'), take('both', 'A', 'B'), take('b', 'B'), take('c', 'C'), take('of none')].map(async (ended) => ended.catch(() => undefined));
  expect([seen, waiting]).toEqual([['a', 'c', 'of none'], [1, 2]]);
  ends.get('a')!(new Error('it fails'));
  await turn();
  expect([seen.slice(3), waiting.slice(2)]).toEqual([['both'], [1]]);
  ends.get('both')!();
  await turn();
  expect([seen.slice(4), waiting.slice(3)]).toEqual([['b'], [0]]);
  for (const end of ends.values()) end();
  await Promise.all(taken);
  await Promise.all([take('a again', 'A'), turn().then(() => ends.get('a again')!())]);
  expect(waiting).toHaveLength(4);
});
