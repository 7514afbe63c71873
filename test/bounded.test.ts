import { describe, expect, test } from '@jest/globals';
import { forEachBounded } from '../src/bounded.js';

/** Work that ends when it is told to. */
class Work {
  readonly begun: number[] = [];
  underWay = 0;
  mostUnderWay = 0;
  private readonly ends = new Map<number, (error?: Error) => void>();

  readonly visit = async (item: number): Promise<void> => {
    this.begun.push(item);
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay += 1);
    await new Promise<void>((resolve, reject) => {
      this.ends.set(item, (error) => { if (error === undefined) resolve(); else reject(error); });
    }).finally(() => { this.underWay -= 1; });
  };

  async end(item: number, error?: Error): Promise<void> {
    this.ends.get(item)!(error);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
}

describe('work on many items', () => {
  test('is begun in their order, so many at once, the next as soon as one has ended', async () => {
    const work = new Work();
    const done = forEachBounded([1, 2, 3, 4], 2, work.visit);
    expect(work.begun).toEqual([1, 2]);
    await work.end(2);
    expect(work.begun).toEqual([1, 2, 3]);
    for (const item of [1, 3, 4]) await work.end(item);
    await done;
    expect([work.begun, work.mostUnderWay]).toEqual([[1, 2, 3, 4], 2]);
  });

  test('is none where there are no items', async () => {
    const work = new Work();
    await forEachBounded([], 3, work.visit);
    expect(work.begun).toEqual([]);
  });

  test('begins nothing more where one fails, and throws the first failure when nothing is under way any more', async () => {
    const work = new Work();
    let failure: unknown;
    const done = forEachBounded([1, 2, 3, 4], 2, work.visit).catch((error: unknown) => { failure = error; });
    await work.end(1, new Error('the first'));
    expect([work.begun, failure]).toEqual([[1, 2], undefined]);
    await work.end(2, new Error('the second'));
    await done;
    expect([work.begun, work.underWay, failure]).toEqual([[1, 2], 0, new Error('the first')]);
  });
});
