import { afterAll, describe, expect, test } from '@jest/globals';
import { deleteBatch } from '../../src/ingest/delete.js';
import { forEachAccount } from '../../src/ingest/each-account.js';
import type { Store } from '../../src/store/rehearsal.js';
import { file, POLICY, row } from '../model/fixtures.js';
import type { ModelFile } from '../model/types.js';
import { answer } from '../support/answers.js';
import { POSTGRES, SQLITE } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

/** Batches of many accounts: several of them are under way at once, on SQLite to be committed together. */

const ACCOUNTS = Array.from({ length: 40 }, (_, index) => `CL-${String(index).padStart(2, '0')}`);
const engines = { sqlite: new Worlds(SQLITE), postgres: new Worlds(POSTGRES) };
afterAll(async () => { for (const worlds of Object.values(engines)) await worlds.close(); });

/** Two items of each account, of which the second is left out at times. */
function month(date: string, amount: number, isWhole = true): ModelFile {
  return file(date, ...ACCOUNTS.flatMap((account) => [
    row(date, 'x', amount, { account }), ...(isWhole ? [row(date, 'y', amount + 1, { account })] : []),
  ]));
}

/** Sees how many transactions are under way at once, and lets those of an account fail. */
function watch(world: World, failing?: string): { most: number; isMended: boolean } {
  const seen = { most: 0, isMended: false };
  let underWay = 0;
  const write = world.database.write.bind(world.database);
  world.database.write = async (work, isKept, accounts) => {
    seen.most = Math.max(seen.most, underWay += 1);
    try {
      return await write(async (tx) => {
        const result = await work(tx);
        if (!seen.isMended && accounts?.includes(failing ?? '') === true) throw new Error('the cable is cut');
        return result;
      }, isKept);
    } finally {
      underWay -= 1;
    }
  };
  return seen;
}

async function told(world: World): Promise<object> {
  return { chains: await world.chains(), batches: await world.versionBatches(), now: await answer(world, {}) };
}

describe('the accounts of a batch', () => {
  test.each([
    ['of up to so many rows are under way at once, a larger one alone', { rowsAtOnce: 10 }, 4, [5, 5, 12, 5, 5, 4, 6]],
    ['are bounded by their number alone where none waits for another', {}, 4, [5, 5, 12, 5, 5, 4, 6]],
  ])('%s', async (_, bound, writesAtOnce, sizes) => {
    const accounts = Array.from({ length: 28 }, (__, id) => ({ id, rows: sizes[id % sizes.length]! }));
    const [underWay, visited] = [new Set<(typeof accounts)[number]>(), new Set<number>()];
    let [most, mostRows] = [0, 0];
    await forEachAccount({ ...bound, writesAtOnce } as Store, accounts, async (account) => {
      underWay.add(account);
      visited.add(account.id);
      most = Math.max(most, underWay.size);
      mostRows = Math.max(mostRows, underWay.size === 1 ? 0 : [...underWay].reduce((sum, { rows }) => sum + rows, 0));
      await new Promise((resolve) => { setImmediate(resolve); });
      underWay.delete(account);
    });
    expect(visited.size).toBe(accounts.length);
    expect({ most, isBounded: mostRows <= 10 }).toEqual('rowsAtOnce' in bound ? { most: 2, isBounded: true } : { most: 4, isBounded: false });
  });

  test('are done one after another or several at once: the history is the same, late files and deletions included', async () => {
    const histories: object[] = [];
    for (const { open } of Object.values(engines)) {
      const world = await open(POLICY);
      const seen = watch(world);
      for (const drop of [month('2022-01-31', 1), month('2022-03-31', 3), month('2022-02-28', 2, false)]) await world.drop(drop);
      await deleteBatch(world.database, 1);
      expect(seen.most).toBe(world.database.writesAtOnce);
      histories.push(await told(world));
    }
    expect(histories[1]).toEqual(histories[0]);
  });

  test.each(Object.entries(engines))('of which one fails are gone on with, and each is done once: %s', async (_, { open }) => {
    const [world, calm] = [await open(POLICY), await open(POLICY)];
    for (const each of [world, calm]) await each.drop(month('2022-01-31', 1));
    await calm.drop(month('2022-02-28', 2));
    const { id } = await world.stage(month('2022-02-28', 2));
    await world.admit(id);
    const seen = watch(world, 'CL-19');
    await expect(world.apply(id)).rejects.toThrow('the cable is cut');
    const done = 'select count(*) as accounts from batch_account where batch_id = ? and applied_seq is not null';
    const [{ accounts }] = await world.database.reader.rows<{ accounts: number }>(done, [id]) as [{ accounts: number }];
    expect(Number(accounts)).toBeGreaterThanOrEqual(19);
    expect(Number(accounts)).toBeLessThan(40);
    seen.isMended = true;
    await world.apply(id);
    expect(await told(world)).toEqual(await told(calm));
  });

  test.each(Object.entries(engines))('are known from one instant on each, whatever was under way beside them: %s', async (_, { open }) => {
    const world = await open(POLICY);
    await world.drop(month('2022-01-31', 1));
    const changes = await world.database.reader.rows<{ account_number: string; applied_at: string }>(
      'select a.account_number, b.applied_at from batch_account b join client_account a on a.id = b.client_account_id order by b.applied_seq');
    expect(new Set(changes.map(({ applied_at }) => applied_at)).size).toBe(ACCOUNTS.length);
    for (const at of [0, 13, 39]) {
      const known = new Set((await answer(world, { knownAt: changes[at]!.applied_at })).map(({ account }) => account));
      expect([...known].sort()).toEqual(changes.slice(0, at + 1).map(({ account_number }) => account_number).sort());
    }
  });
});
