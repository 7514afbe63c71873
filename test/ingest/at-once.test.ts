import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { IngestError } from '../../src/errors.js';
import { decideAtOnce } from '../../src/ingest/at-once.js';
import type { DecidingContext } from '../../src/ingest/context.js';
import { findBatch } from '../../src/store/batches.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES } from '../support/engines.js';
import { World, settingsOf } from '../support/world.js';

/** Which batches are decided in one transaction, and that the long way is left to the others as they were. */

describe.each(ENGINES)('on $name', (engine) => {
  let world: World;
  beforeEach(async () => { world = await World.open(POLICY, undefined, engine); });
  afterEach(async () => world.close());

  const rowsOf = (count: number, account: (index: number) => string = () => 'CL-1') =>
    Array.from({ length: count }, (_, index) => row('2022-01-28', `R${index}`, index, { account: account(index) }));

  /** Decides on a staged file of so many rows. `meets` is what the transaction ends with. */
  async function decide(batch: StageBatch, rows: number, meets?: unknown): Promise<StageBatch | undefined> {
    const { database } = world;
    const write: DecidingContext['database']['write'] = async (work) => database.write(async (tx) => {
      const result = await work(tx);
      if (meets !== undefined) throw meets;
      return result;
    });
    const context = { database: { reader: database.reader, write, writesAtOnce: 1 }, settings: settingsOf(POLICY), policy: world.policy } as unknown as DecidingContext;
    return decideAtOnce(context, batch, { sheet: 'Sheet1', rows, failed: 0 });
  }

  const standing = async ({ id }: StageBatch): Promise<object> => {
    const batch = (await findBatch(world.database.reader, id))!;
    return { status: batch.batch_status, isAdmitted: batch.admitted_seq !== null, versions: (await world.database.reader.rows('select 1 from master_record')).length };
  };
  const UNTOUCHED = { status: 'In Progress', isAdmitted: false, versions: 0 };

  test('a file of one account and a thousand rows is admitted, applied and Complete in one go', async () => {
    const batch = await world.stage(file('a', ...rowsOf(1_000)));
    expect(await decide(batch, 1_000)).toMatchObject({ id: batch.id, batch_status: 'Complete', add_count: 1_000 });
    expect(await standing(batch)).toEqual({ status: 'Complete', isAdmitted: true, versions: 1_000 });
  });

  test('one that is refused is in Error, and nothing is applied', async () => {
    const batch = await world.stage(file('a', { ...row('2022-01-28', 'x', 1), unreadable: true }));
    const context = { database: world.database, settings: settingsOf(POLICY), policy: world.policy } as unknown as DecidingContext;
    expect(await decideAtOnce(context, batch, { sheet: 'Sheet1', rows: 1, failed: 1 })).toMatchObject({ batch_status: 'Error' });
    expect(await standing(batch)).toEqual({ status: 'Error', isAdmitted: false, versions: 0 });
  });

  test.each([
    ['more rows', rowsOf(1_001)], ['several accounts', rowsOf(2, (index) => `CL-${index}`)],
  ])('one of %s is left as it is for the long way', async (_, rows) => {
    const batch = await world.stage(file('a', ...rows));
    expect(await decide(batch, rows.length)).toBeUndefined();
    expect(await standing(batch)).toEqual(UNTOUCHED);
  });

  test.each(['Deleted', 'Error'])('one that is %s since it was listed is left alone', async (status) => {
    const batch = await world.stage(file('a', ...rowsOf(1)));
    await world.database.write(async (tx) => tx.rows('update stage_batch set batch_status = ?', [status]));
    expect(await decide(batch, 1)).toBeUndefined();
    expect(await standing(batch)).toEqual({ status, isAdmitted: false, versions: 0 });
  });

  test('a fault of its own leaves it to the long way, which meets it again; a disk that fails, or a database that is away, is thrown', async () => {
    const batch = await world.stage(file('a', ...rowsOf(1)));
    expect(await decide(batch, 1, new IngestError('unbalanced', 'a row got lost'))).toBeUndefined();
    for (const error of [new IngestError('disk', 'the disk failed'), new IngestError('database', 'nobody listens there', { retryable: true, facts: { code: 'ECONNREFUSED' } })]) {
      await expect(decide(batch, 1, error)).rejects.toBe(error);
    }
    expect(await standing(batch)).toEqual(UNTOUCHED);
  });
});
