import { describe, expect, test } from '@jest/globals';
import { Lane } from '../../src/ingest/lane.js';

/** Work that says when it begins and ends, and ends when it is told to. */
class Walker {
  end: () => void = () => undefined;

  constructor(private readonly seen: string[], private readonly name: string) {}

  readonly walk = async (): Promise<string> => {
    this.seen.push(`${this.name} begins`);
    await new Promise<void>((resolve) => { this.end = resolve; });
    this.seen.push(`${this.name} ends`);
    return this.name;
  };
}

const turn = async (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('a lane', () => {
  test('lets those pass together who do not mind each other, and others alone, in the order in which they came', async () => {
    const seen: string[] = [];
    const lane = new Lane();
    const [one, two, alone, three] = ['one', 'two', 'alone', 'three'].map((name) => new Walker(seen, name)) as [Walker, Walker, Walker, Walker];
    const passed = [lane.together(one.walk), lane.together(two.walk), lane.alone(alone.walk), lane.together(three.walk)];
    await turn();
    expect(seen.splice(0)).toEqual(['one begins', 'two begins']);
    two.end();
    await turn();
    expect(seen.splice(0)).toEqual(['two ends']);
    one.end();
    await turn();
    expect(seen.splice(0)).toEqual(['one ends', 'alone begins']);
    alone.end();
    await turn();
    expect(seen.splice(0)).toEqual(['alone ends', 'three begins']);
    three.end();
    expect(await Promise.all(passed)).toEqual(['one', 'two', 'alone', 'three']);
  });

  test('that is open lets all pass at once', async () => {
    const seen: string[] = [];
    const lane = new Lane(true);
    const walkers = ['one', 'two', 'three'].map((name) => new Walker(seen, name));
    const passed = [lane.alone(walkers[0]!.walk), lane.together(walkers[1]!.walk), lane.alone(walkers[2]!.walk)];
    await turn();
    expect(seen).toHaveLength(3);
    for (const { end } of walkers) end();
    await Promise.all(passed);
  });

  test('goes on behind work that fails, which only its own caller is told of', async () => {
    const lane = new Lane();
    const fail = async (): Promise<never> => { throw new Error('stumbled'); };
    const outcomes = await Promise.allSettled([lane.together(fail), lane.alone(fail), lane.alone(async () => 'passed'), lane.together(async () => 'passed')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
  });
});
