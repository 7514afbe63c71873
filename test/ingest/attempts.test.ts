import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IngestError } from '../../src/errors.js';
import { attempt, beginAttempt, mayPass, sparesFile } from '../../src/ingest/attempts.js';
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

  test('an attempt that ended is taken back where it is forgiven or the program is told to stop, and what it met is thrown', async () => {
    const { id } = await world.stage(file('ended', row('2022-01-28', 'ended', 1)));
    const counted = async (): Promise<number> => (await findBatch(world.database.reader, id))!.attempts;
    const stop = new AbortController();
    const context = { database: world.database, settings: { maxAttempts: 3 }, pardoned: new Set<number>(), signal: stop.signal } as unknown as DecidingContext;
    const failure = new Error('it failed');
    const fails = async (isForgiven: boolean): Promise<number> => {
      await expect(attempt(context, id, () => isForgiven, async () => { throw failure; })).rejects.toBe(failure);
      return counted();
    };
    const before = await counted();
    expect(await attempt(context, id, () => true, async () => 'done')).toBe('done');
    expect(await counted()).toBe(before);
    expect(await fails(true)).toBe(before - 1);
    await beginAttempt(context, id);
    expect(await fails(false)).toBe(before);
    stop.abort();
    expect(await fails(false)).toBe(before - 1);
    expect(context.pardoned.size).toBe(0);
  });

  test('one that the database, or its disk, could not take back: the next is free, or the disk is what is thrown', async () => {
    const { id } = await world.stage(file('away', row('2022-01-28', 'away', 1)));
    const failing = (error: unknown): DecidingContext => ({
      database: { reader: world.database.reader, write: async () => { throw error; } }, settings: { maxAttempts: 3 }, pardoned: new Set<number>(), signal: new AbortController().signal,
    }) as unknown as DecidingContext;
    const away = failing(OUTAGE);
    await expect(attempt(away, id, () => true, async () => { throw new Error('it failed'); })).rejects.toThrow('it failed');
    expect([...away.pardoned]).toEqual([id]);
    const disk = new IngestError('disk', 'the disk failed');
    await expect(attempt(failing(disk), id, () => true, async () => { throw new Error('it failed'); })).rejects.toBe(disk);
    // Where its own count met the outage it may be there or not; a fault of another kind says that it is not.
    const begun = failing(OUTAGE);
    await expect(beginAttempt(begun, id)).rejects.toBe(OUTAGE);
    expect([...begun.pardoned]).toEqual([id]);
    const refusing = failing(new Error('no such column'));
    await expect(beginAttempt(refusing, id)).rejects.toThrow('no such column');
    expect(refusing.pardoned.size).toBe(0);
  });

  test('counted, with its answer lost, is known to be so by its count; a free one is made again', async () => {
    const { id } = await world.stage(file('lost', row('2022-01-28', 'lost', 1)));
    const kept: (boolean | undefined)[] = [];
    const write: DecidingContext['database']['write'] = async (work, isKept) => {
      const result = await world.database.write(work);
      kept.push(await world.database.write(isKept!));
      await world.database.write(async (tx) => countAttempt(tx, id));
      kept.push(await world.database.write(isKept!));
      return result;
    };
    const context = { database: { reader: world.database.reader, write }, settings: { maxAttempts: 99 }, pardoned: new Set<number>() } as unknown as DecidingContext;
    await beginAttempt(context, id);
    context.pardoned.add(id);
    await beginAttempt(context, id);
    expect(kept).toEqual([true, false, false, false]);
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

test.each([
  ['a disk that is full', new IngestError('io', 'full', { retryable: true }), true, true],
  ['a database that is away', new IngestError('database', 'away'), true, true],
  ['a lost lease', new IngestError('lost', 'others go on'), true, true],
  ['a lost thread', new IngestError('worker-lost', 'out of memory', { retryable: true }), true, false],
  ['a file that is damaged', new IngestError('malformed', 'cut off'), false, false],
  ['what nobody foresaw', new TypeError('x is not a function'), false, false],
])('%s: whether it may pass, and is not held against the file', (_, error, passes, spares) => {
  expect([mayPass(error), sparesFile(error)]).toEqual([passes, spares]);
});
