import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IngestError } from '../../src/errors.js';
import { attempt, beginAttempt } from '../../src/ingest/attempts.js';
import type { DecidingContext } from '../../src/ingest/context.js';
import { refuseBatch } from '../../src/ingest/refuse.js';
import { countAttempt, findBatch, markHeld } from '../../src/store/batches.js';
import type { Transaction } from '../../src/store/database.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES } from '../support/engines.js';
import { World } from '../support/world.js';

const OUTAGE = new IngestError('database', 'nobody listens there', { retryable: true, facts: { code: 'ECONNREFUSED' } });

describe.each(ENGINES)('attempts on $name', (engine) => {
  let world: World;
  beforeAll(async () => { world = await World.open(POLICY, undefined, engine); });
  afterAll(async () => world.close());

  test('an attempt that ended because the database was away is not counted, though the database could not be told', async () => {
    const { id } = await world.stage(file('a', row('2022-01-28', 'x', 1)));
    let isAway = false;
    const write: DecidingContext['database']['write'] = async (work) => {
      if (isAway) throw OUTAGE;
      return world.database.write(work);
    };
    const context = {
      database: { reader: world.database.reader, write }, settings: { maxAttempts: 3 }, pardoned: new Set<number>(), signal: new AbortController().signal,
    } as unknown as DecidingContext;
    const before = (await findBatch(world.database.reader, id))!.attempts;
    for (let outage = 1; outage <= 5; outage += 1) {
      isAway = false;
      expect(await beginAttempt(context, id)).toBe(false);
      await expect(attempt(context, id, () => true, async () => {
        isAway = true;
        throw OUTAGE;
      })).rejects.toBe(OUTAGE);
      await expect(beginAttempt(context, id)).rejects.toBe(OUTAGE);
    }
    expect((await findBatch(world.database.reader, id))!.attempts).toBe(before + 1);
  });

  test.each([
    ['refused', async (tx: Transaction, id: number) => refuseBatch(tx, id, 'no rows')],
    ['held', async (tx: Transaction, id: number) => markHeld(tx, id, 'would zero much', { sheet: 'Sheet1', rows: 1, failed: 0 })],
  ])('a file that was %s after many attempts at reading it can still be archived, though that fails a few times', async (verdict, decide) => {
    const { id } = await world.stage(file(verdict, row('2022-01-28', verdict, 1)));
    await world.database.write(async (tx) => { for (let time = 0; time < 9; time += 1) await countAttempt(tx, id); });
    await world.database.write(async (tx) => decide(tx, id));
    const context = { database: world.database, settings: { maxAttempts: 3 }, pardoned: new Set<number>() } as unknown as DecidingContext;
    expect([await beginAttempt(context, id), await beginAttempt(context, id), await beginAttempt(context, id)]).toEqual([false, false, true]);
  });
});
