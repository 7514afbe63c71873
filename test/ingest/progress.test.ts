import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from '../../src/ingest/context.js';
import { Progress } from '../../src/ingest/progress.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES } from '../support/engines.js';
import { World } from '../support/world.js';

let world: World;
afterEach(async () => world.close());

/** The first line that is told of a batch after `rows` rows were staged. */
async function firstLine(batch: number, rows: number): Promise<string> {
  return new Promise((resolve) => {
    const log = { info: (_event: string, message: string) => resolve(message) };
    const progress = new Progress({ database: world.database, log } as unknown as Context, batch, 1);
    progress.counting.onRows!('jan.xlsx', rows);
    setTimeout(() => progress.stop(), 1_000).unref();
  });
}

describe.each(ENGINES)('the progress of a file that takes long on $name', (engine) => {
  beforeEach(async () => { world = await World.open(POLICY, undefined, engine); });

  test('tells the rows read, then the accounts that it is applied to', async () => {
    const { id } = await world.stage(file('jan.xlsx', row('2022-01-28', 'x', 10)));
    expect(await firstLine(id, 4_000)).toMatch(/^batch 1 {2}jan\.xlsx {2}reading: 4000 rows, \d+ rows\/s$/u);
    await world.finish(id);
    expect(await firstLine(id, 0)).toBe('batch 1  jan.xlsx  applying: 1 of 1 account');
  });
});
