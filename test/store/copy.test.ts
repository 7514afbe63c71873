import { afterAll, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import fc from 'fast-check';
import { checkHistory } from '../../src/ingest/check.js';
import { copyHistory } from '../../src/store/copy.js';
import { Database } from '../../src/store/database.js';
import { histories } from '../model/arbitraries.js';
import { everything } from '../support/checkup.js';
import { POSTGRES, SQLITE } from '../support/engines.js';
import { Program } from '../support/program.js';
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
  expect(await program.run(['copy', '--to', url])).toMatchObject({ code: 0, out: expect.stringMatching(/^copied 1 accounts, 1 batches, 1 rows of files and 1 versions to postgres/u) });
  expect(await program.run(['copy', '--to', url])).toMatchObject({ code: 2, err: expect.stringContaining('has a history already: copy goes into an empty one; nothing was changed') });
  await program.drop('feb.xlsx', workbook('2022-02-28', [['CL-1', 'a', 2]]));
  expect((await program.run(['process'], { SCD_DATABASE: url })).out).toContain('batch 2 complete');
  await database.close();
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
