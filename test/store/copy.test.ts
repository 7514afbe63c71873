import { afterAll, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import fc from 'fast-check';
import { checkHistory } from '../../src/ingest/check.js';
import { deleteBatch } from '../../src/ingest/delete.js';
import { copyHistory } from '../../src/store/copy.js';
import { Database } from '../../src/store/database.js';
import { histories } from '../model/arbitraries.js';
import { file, POLICY, row, unreadable } from '../model/fixtures.js';
import { answer } from '../support/answers.js';
import { everything } from '../support/checkup.js';
import { POSTGRES, SQLITE } from '../support/engines.js';
import { Program } from '../support/program.js';
import { Proxy } from '../support/proxy.js';
import { workbook } from '../support/stories.js';
import { Worlds, type World } from '../support/world.js';

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 5);
const SEED = Date.now() % 1_000_000;
const worlds = new Worlds(SQLITE);
const targets: string[] = [];
const programs: Program[] = [];
afterAll(async () => {
  await worlds.close();
  for (const program of programs) await program.close();
  for (const target of targets) await POSTGRES.remove(target);
});

async function target(): Promise<string> {
  const url = await POSTGRES.create();
  targets.push(url);
  return url;
}

test(`a copied history is the same in every row, is sound, and goes on (seed ${SEED})`, async () => {
  await fc.assert(fc.asyncProperty(histories(), async ({ policy, files }) => {
    const world = await worlds.open(policy);
    for (const each of files) await world.drop(each);
    const database = await Database.open(await target());
    try {
      await copyHistory(world.database, database);
      expect(await everything({ database } as World)).toEqual(await everything(world));
      const findings: unknown[] = [];
      await checkHistory(database.reader, { account: undefined, maxPeriodDays: null, isReplayAsked: true, report: (finding) => findings.push(finding) });
      expect(findings).toEqual([]);
      // New rows get numbers that nobody has.
      await database.write(async (tx) => tx.rows("insert into client_account (account_number, last_updated) values ('new', 'now')"));
    } finally {
      await database.close();
    }
  }).afterEach(worlds.close), { numRuns: RUNS, seed: SEED });
}, 300_000);

/** Every row of every table but what daemons say of themselves. */
async function whole(world: World): Promise<unknown[]> {
  const { reader } = world.database;
  return [
    await everything(world), await reader.rows('select * from policy order by id'),
    await reader.rows('select * from account_policy order by client_account_id, seq'), await reader.rows('select * from change_counter'),
  ];
}

test('a copy has the batches that are open, held, deleted and refused as well, every policy, and the answers of every instant', async () => {
  const world = await worlds.open({ ...POLICY, maxFailureRatio: 0.5, maxMissingRatio: 0.5 });
  const instants: string[] = [];
  const note = async (): Promise<void> => { instants.push((await world.database.reader.rows<{ last_at: string }>('select last_at from change_counter'))[0]!.last_at); };
  const january = file('january', ...[...'abcdefghijkl'].map((reference) => row('2022-01-28', reference, 1)), row('2022-01-28', 'a', 1, { account: 'CL-1' }));
  for (const each of [
    january, { ...january, name: 'again' }, file('truncated', row('2022-02-28', 'a', 2)), file('refused', unreadable('2022-02-28', 'a')),
    file('wrong', row('2022-01-30', 'a', 3, { account: 'CL-1' })),
  ]) {
    await world.drop(each);
    await note();
  }
  await deleteBatch(world.database, 5);
  await note();
  await world.setPolicy({ ...POLICY, validityDays: null });
  await note();
  await world.stage(file('staged', row('2022-03-28', 'a', 5)));
  await world.admit((await world.stage(file('admitted', row('2022-03-28', 'a', 5, { account: 'CL-1' })))).id);
  expect((await world.database.reader.rows<{ batch_status: string }>('select batch_status from stage_batch order by id')).map(({ batch_status: status }) => status))
    .toEqual(['Complete', 'Duplicate', 'Held', 'Error', 'Deleted', 'In Progress', 'Ready']);
  const database = await Database.open(await target());
  try {
    await copyHistory(world.database, database);
    const copy = { database } as World;
    expect(await whole(copy)).toEqual(await whole(world));
    for (const knownAt of [undefined, ...instants]) expect(await answer(copy, { knownAt })).toEqual(await answer(world, { knownAt }));
  } finally {
    await database.close();
  }
});

test('a copy whose connection is cut while the server still commits it is not taken for the history of another', async () => {
  const world = await worlds.open(POLICY);
  await world.drop(file('january', row('2022-01-28', 'a', 1)));
  const url = await target();
  const proxy = await Proxy.before(url);
  const [database, through] = [await Database.open(url), await Database.open(proxy.url)];
  const waiting = async (count: number): Promise<void> => {
    while ((await database.reader.rows("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).length < count) await rest(5);
  };
  try {
    await database.write(async (tx) => {
      await tx.rows("create function wait() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(1); return null; end'");
      await tx.rows('create constraint trigger slow_commit after insert on policy deferrable initially deferred for each row execute function wait()');
    });
    let copying: Promise<ReadonlyMap<string, number>> | undefined;
    await database.write(async (tx) => {
      await tx.rows('select pg_advisory_xact_lock(1)');
      copying = copyHistory(world.database, through);
      await waiting(1);
      proxy.cut();
      // Whoever looks again waits for what is being committed.
      await waiting(2);
    });
    expect((await copying)!.get('stage_batch')).toBe(1);
  } finally {
    await through.close();
    await database.close();
    await proxy.close();
  }
});

test('a copy that is killed in the middle leaves nothing behind, and one into a history is refused', async () => {
  const program = await Program.create();
  programs.push(program);
  await mkdir(program.inbox);
  await program.drop('jan.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1]]));
  await program.run(['process']);
  const url = await target();
  const database = await Database.open(url);
  const copy = program.start(['copy', '--to', url]);
  await database.write(async (tx) => {
    // The last table of all: what comes before it is copied and waits.
    await tx.rows('lock table account_policy in access exclusive mode');
    while ((await tx.rows("select 1 from pg_locks where not granted and relation = 'account_policy'::regclass")).length === 0) await rest(5);
    copy.kill('SIGKILL');
  });
  expect(await database.reader.rows('select 1 from client_account')).toEqual([]);
  expect(await program.run(['copy', '--to', url])).toMatchObject({ code: 0, out: expect.stringMatching(/^copied 1 account, 1 batch, 1 row of files and 1 version to postgres/u) });
  expect(await program.run(['copy', '--to', url])).toMatchObject({ code: 2, err: expect.stringContaining('has a history already: copy goes into an empty one; nothing was changed') });
  await program.drop('feb.xlsx', workbook('2022-02-28', [['CL-1', 'a', 2]]));
  expect((await program.run(['process'], { SCD_DATABASE: url })).out).toContain('batch 2 complete');
  await database.close();
});

test('every question gets the same words and the same numbers from a history and from its copy', async () => {
  const program = await Program.create();
  programs.push(program);
  await mkdir(program.inbox);
  for (const [name, month, amount] of [['jan', '01', 1], ['mar', '03', 'n/a'], ['late', '02', 3]] as const) {
    await program.drop(`${name}.xlsx`, workbook(`2022-${month}-28`, [['CL-1', 'a', 1], ['CL-1', 'b', 2], ['CL-1', 'c', 3], ['CL-1', 'd', 4], ['CL-2', 'e', amount]]));
    expect((await program.run(['process'])).code).toBe(0);
  }
  const url = await target();
  expect((await program.run(['copy', '--to', url])).code).toBe(0);
  for (const question of [
    ['batches'], ['batches', '--json'], ['errors', '2'], ['history', 'CL-1'], ['history', 'CL-2', 'e'], ['as-of', '2022-02-10', '--json'], ['explain', 'CL-2', 'e'],
    ['sample', '--from', '2022-01-31', '--every', 'month', '--count', '6', '--csv'], ['export', '--csv'], ['delete', '--batch', '3', '--dry-run'], ['check', '--replay'],
  ]) {
    const said = await program.run(question);
    expect({ question, ...(await program.run(question, { SCD_DATABASE: url })) }).toEqual({ question, ...said });
    expect([said.code, said.out]).toEqual([0, expect.stringMatching(/\d/u)]);
  }
});

test('a history is not copied while files are taken in for it, nor to what is no PostgreSQL', async () => {
  const program = await Program.create();
  programs.push(program);
  await mkdir(program.inbox);
  expect((await program.run(['copy', '--to', 'postgres://nobody@127.0.0.1:1/x'])).err).toContain('there is none yet');
  const daemon = await program.daemon();
  expect((await program.run(['copy', '--to', await target()])).err).toContain('another scd-inbox already takes in files for it');
  expect(await program.run(['copy', '--to', 'sqlite:x.db'])).toMatchObject({ code: 2, err: expect.stringContaining('--to: expected postgres://USER@HOST:PORT/NAME, found "sqlite:x.db"') });
  await daemon.stop();
});
