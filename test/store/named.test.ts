import { afterAll, describe, expect, test } from '@jest/globals';
import { accountsOf, mayBeContested, namedBy } from '../../src/store/named.js';
import { file, POLICY, row } from '../model/fixtures.js';
import type { ModelFile } from '../model/types.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

describe.each(ENGINES)('what a staged batch names, on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);

  const [jan, feb] = ['2022-01-31', '2022-02-28'];

  test('is counted by account and date in the order of its rows, those that failed as well', async () => {
    const world = await open(POLICY);
    const { id } = await world.stage(file('a',
      row(feb, 'x', 1, { account: 'CL-2' }), row(jan, 'x', 1, { account: 'CL-1' }), { ...row(feb, 'y', 1, { account: 'CL-2' }), unreadable: true }));
    await world.database.write(async (tx) => tx.rows(
      `insert into stage_record (batch_id, row_number, effective_date, client_account, insert_date, process_status, process_action)
       values (?, 9, ?, null, 'now', 'Failed', 'N/A'), (?, 10, ?, 'CL-3', 'now', 'Failed', 'N/A')`, [id, jan, id, jan]));
    const named = await namedBy(world.database.reader, id);
    expect(named).toEqual([
      { account: 'CL-2', date: feb, total: 2, failed: 1, items: 2 }, { account: 'CL-1', date: jan, total: 1, failed: 0, items: 1 },
      { account: null, date: jan, total: 1, failed: 1, items: 0 }, { account: 'CL-3', date: jan, total: 1, failed: 1, items: 0 },
    ]);
    // A row that names no item says nothing of its account.
    expect(accountsOf(named)).toEqual(['CL-2', 'CL-1']);
  });

  async function isContested(world: World, staged: ModelFile): Promise<boolean> {
    const { id } = await world.stage(staged);
    return mayBeContested(world.database.reader, id, await namedBy(world.database.reader, id));
  }

  test('is contested by no other file where that has other dates or other accounts', async () => {
    const world = await open(POLICY);
    await world.drop(file('jan', row(jan, 'x', 1)));
    expect(await isContested(world, file('feb', row(feb, 'x', 1), row(feb, 'y', 1)))).toBe(false);
    expect(await isContested(world, file('other', row(jan, 'x', 1, { account: 'CL-other' })))).toBe(false);
  });

  test('may be where a file on record has the date, and where an item is there twice', async () => {
    const world = await open(POLICY);
    await world.drop(file('jan', row(jan, 'x', 1)));
    expect(await isContested(world, file('again', row(jan, 'x', 2)))).toBe(true);
    expect(await isContested(world, file('more', row(feb, 'x', 1), row(jan, 'y', 2)))).toBe(true);
    expect(await isContested(world, file('twice', row('2022-03-31', 'x', 2), row('2022-03-31', 'x', 2)))).toBe(true);
  });
});
