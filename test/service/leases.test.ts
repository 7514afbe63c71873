import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { Database } from '../../src/store/database.js';
import { POSTGRES } from '../support/engines.js';
import { Program } from '../support/program.js';
import { Proxy } from '../support/proxy.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';

/** Nodes whose leases run out, or would, though nobody is dead: the way to the database is cut, or a start takes its time. */

const programs: Program[] = [];
afterEach(async () => {
  for (const program of programs.splice(0)) await program.close();
});

const NOBODY = 'postgres://127.0.0.1:1';
const as = (node: string, more: Record<string, string> = {}): Record<string, string> => ({ SCD_NODE: node, SCD_LEASE_SECONDS: '1', SCD_SETTLE_MS: '1', ...more });

async function create(): Promise<Program> {
  const program = await Program.create({}, undefined, POSTGRES);
  programs.push(program);
  await mkdir(program.inbox);
  return program;
}

const batches = async (program: Program): Promise<unknown[]> => program.rows('select filename, batch_status, owner, claim is null as done from stage_batch order by id');

test('nodes that were cut off from their database for longer than their leases do not take each other for dead', async () => {
  const program = await create();
  await program.drop('hot.xlsx', workbook('2022-01-28', [['HOT', 'a', 1]]));
  await program.run(['process'], as('one'));
  const [wayOfOne, wayOfTwo] = [await Proxy.before(program.database), await Proxy.before(program.database)];
  const start = async (node: string, way: Proxy): Promise<Running> => program.daemon(as(node, { SCD_LEASE_SECONDS: '15', SCD_DATABASE: way.url }));
  const one = await start('one', wayOfOne);
  let two: Running;
  const database = await Database.open(program.database);
  await database.write(async (tx) => {
    await tx.rows("select 1 from client_account where account_number = 'HOT' for no key update");
    await program.drop('hot 02.xlsx', workbook('2022-02-28', [['HOT', 'a', 2]]));
    await program.until(one.child, "select 1 from stage_batch where filename = 'hot 02.xlsx'");
    two = await start('two', wayOfTwo);
    for (const way of [wayOfOne, wayOfTwo]) {
      way.leadTo(NOBODY);
      way.cut();
    }
    await program.until(one.child, 'select 1 from node_status having max(lease_until) < extract(epoch from clock_timestamp()) * 1000');
  });
  await database.close();
  wayOfTwo.leadTo(program.database);
  await two!.says(/the database is there again/u);
  wayOfOne.leadTo(program.database);
  await one.says(/batch 2 complete/u);
  expect([one.said.includes('"event":"lost"'), two!.said.includes('"event":"take-over"')]).toEqual([false, false]);
  expect([await one.stop(), await two!.stop()]).toEqual([0, 0]);
  for (const way of [wayOfOne, wayOfTwo]) await way.close();
});

test('a node that is stopped while it renews its lease keeps its own row from nobody for longer than that', async () => {
  const program = await create();
  const daemon = await program.daemon(as('one'));
  const database = await Database.open(program.database);
  await database.write(async (tx) => {
    await tx.rows("select 1 from node_status where name = 'one' for update");
    await program.until(daemon.child, "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'update node_status set lease_until%'");
    daemon.child.kill('SIGSTOP');
  });
  // The server has let the renewal go on, and waits in vain for its COMMIT.
  await database.write(async (tx) => {
    await tx.rows("set local lock_timeout = '20s'");
    await tx.rows("update node_status set epoch = epoch + 1 where name = 'one'");
  });
  daemon.child.kill('SIGCONT');
  await daemon.says(/others go on with its work; it begins anew[^]*"event":"started"/u);
  expect(await daemon.stop()).toBe(0);
  await database.close();
});

describe('a change of policy that takes longer than the lease', () => {
  const LEASE_SECONDS = '2';
  const NEW_POLICY = { SCD_VALIDITY_DAYS: '92', SCD_LEASE_SECONDS: LEASE_SECONDS };

  /** What a node that was killed while it staged has left, beside a history of ten accounts. */
  async function interrupted(): Promise<Program> {
    const program = await create();
    await program.drop('jan.xlsx', workbook('2022-01-28', Array.from({ length: 10 }, (_, account) => [`CL-${account}`, 'a', 1])));
    await program.run(['process'], as('one'));
    await program.drop('feb.xlsx', workbook('2022-02-28', [['CL-1', 'a', 2]]));
    await program.run(['process'], as('one', { SCD_FAILPOINT: 'chunk-staged:exit' }));
    return program;
  }

  test('does not make a node look dead to another that works by the same', async () => {
    const program = await interrupted();
    const one = new Running(program.start(['run'], as('one', { ...NEW_POLICY, SCD_FAILPOINT: 'account-rederived:sleep' })));
    await one.says(/fail point account-rederived/u);
    const two = await program.daemon(as('two', NEW_POLICY));
    await one.says(/batch 2 complete/u);
    expect([await one.stop(), await two.stop()]).toEqual([0, 0]);
    expect(one.said).not.toContain('"event":"lost"');
    expect(two.said).not.toContain('"event":"take-over"');
    expect(await batches(program)).toMatchObject([{ owner: 'one', done: 1 }, { owner: 'one', done: 1, batch_status: 'Complete' }]);
  });

  test('and loses the node its lease is begun anew, and waits for a database that is away by then', async () => {
    const program = await interrupted();
    const proxy = await Proxy.before(program.database);
    const one = new Running(program.start(['run'], as('one', { ...NEW_POLICY, SCD_DATABASE: proxy.url, SCD_FAILPOINT: 'account-rederived:stop:2,policy-added:stop:2' })));
    await one.says(/fail point account-rederived/u);
    await program.execute("update node_status set epoch = epoch + 1 where name = 'one'");
    await one.wake();
    await one.says(/others go on with its work; it begins anew[^]*fail point policy-added/u);
    proxy.leadTo(NOBODY);
    proxy.cut();
    await one.wake();
    await one.says(/files stay where they are until it is there again/u);
    proxy.leadTo(program.database);
    await one.says(/the database is there again[^]*batch 2 complete/u);
    expect(await one.stop()).toBe(0);
    await proxy.close();
  });
});
