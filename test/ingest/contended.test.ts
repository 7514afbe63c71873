import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as rest } from 'node:timers/promises';
import { Repairs } from '../../src/ingest/repair.js';
import { Database, type Transaction } from '../../src/store/database.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { check, damage } from '../support/checkup.js';
import { POSTGRES } from '../support/engines.js';
import { Proxy } from '../support/proxy.js';
import { Worlds, type World } from '../support/world.js';

/** What others do to a batch while it is mended. */

const worlds = new Worlds(POSTGRES);
afterAll(worlds.close);

let world: World;
let batch: number;
let other: Database;
let proxy: Proxy;
beforeEach(async () => {
  world = await worlds.open(POLICY);
  ({ id: batch } = await world.stage(file('f', row('2022-01-28', 'x', 1), row('2022-01-28', 'x', 1, { account: 'CL-1' }))));
  await world.admit(batch);
  await damage(world, `update stage_batch set add_count = 99 where id = ${batch}`);
  proxy = await Proxy.before(world.url);
  other = await Database.open(proxy.url);
});
afterEach(async () => {
  await other.close();
  await proxy.close();
});

/** A database in whose transactions something else happens behind the first statement that matches. */
function interrupted(database: Database, statement: RegExp, then: () => Promise<void>): Pick<Database, 'write'> {
  let hasCome = false;
  const interrupting = (tx: Transaction): Transaction => Object.create(tx, { rows: { value: async (sql: string, params?: readonly unknown[]) => {
    const found = await tx.rows(sql, params);
    if (!hasCome && statement.test(sql)) {
      hasCome = true;
      await then();
    }
    return found;
  } } }) as Transaction;
  return { write: async (work, isKept) => database.write(async (tx) => work(interrupting(tx)), isKept) };
}

/** Returns when work has ended, or waits for somebody's lock. */
async function asFarAsItGoes(work: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  void work.finally(() => { hasEnded = true; }).catch(() => undefined);
  while (!hasEnded && (await world.database.reader.rows("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).length === 0) await rest(5);
}

async function repairs(): Promise<Repairs> {
  const found = new Repairs();
  for (const finding of await check(world)) found.add(finding);
  return found;
}

describe('the repair of a batch', () => {
  test('leaves what another node adds to its counts meanwhile', async () => {
    let applied: Promise<void> | undefined;
    const tallied = interrupted(other, /count\(\*\).*from stage_record/su, async () => asFarAsItGoes(applied = world.apply(batch)));
    expect(await (await repairs()).carryOut(tallied)).toEqual([`batch ${batch}: 1 total mended`]);
    await applied;
    expect(await check(world)).toEqual([]);
    expect(await world.database.reader.rows('select batch_status, add_count from stage_batch')).toEqual([{ batch_status: 'Complete', add_count: 2 }]);
  });

  test.each(['answer lost', 'cut before'] as const)('is done once and told of where a COMMIT is unlucky: %s', async (fate) => {
    const due = await repairs();
    const unlucky = proxy.commits + 1;
    proxy.fate = (nth) => (nth === unlucky ? fate : 'sent on');
    expect(await due.carryOut(other)).toEqual([`batch ${batch}: 1 total mended`]);
    expect(await check(world)).toEqual([]);
  });
});
