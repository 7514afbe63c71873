import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { adoptPolicy } from '../../src/ingest/adopt-policy.js';
import { approveBatch, rejectBatch, retryBatch } from '../../src/ingest/decide.js';
import { deleteBatch, deleteRecord } from '../../src/ingest/delete.js';
import { rebuildAccount } from '../../src/ingest/rebuild.js';
import { Daemon } from '../../src/service/daemon.js';
import { Database } from '../../src/store/database.js';
import { POSTGRES } from '../support/engines.js';
import { rememberingLog, unexpected } from '../support/pass.js';
import { Program } from '../support/program.js';
import { Proxy, type Fate } from '../support/proxy.js';
import { workbook } from '../support/stories.js';
import { defaults } from '../support/world.js';

/**
 * A COMMIT whose answer is lost was kept; one that is cut off before it arrives was not; one that is cut meanwhile may
 * have been. The program cannot tell, and must end as if nothing had happened, whichever of its COMMITs it was.
 */

const FATES: readonly Fate[] = ['answer lost', 'cut before', 'cut meanwhile'];
/** Every COMMIT meets one of the three fates; with `SCD_EVERY_FATE=1` each of them. */
const PASSES = process.env['SCD_EVERY_FATE'] === '1' ? [0, 1, 2] : [0];

const RULES = { maxFailureRatio: 0.4, maxMissingRatio: 0.5, concurrency: 1, settleMs: 1 } as const;
const JANUARY = [
  ['CL-1', 'a', 1], ['CL-1', 'b', 2], ['CL-2', 'c', 3], ['CL-2', 'd', 4], ['CL-3', 'e', 5], ['CL-3', 'f', 'six'],
  ...Array.from({ length: 10 }, (_, number) => ['CL-8', `item ${number}`, number + 1] as const)] as const;
const FILES: readonly (readonly [string, Buffer])[] = [
  ['january.xlsx', workbook('2022-01-28', JANUARY)],
  ['april.xlsx', workbook('2022-04-28', [['CL-1', 'a', 1], ['CL-2', 'c', 30], ['CL-2', 'd', 4]])],
  ['page.xlsx', Buffer.from('<html><body>Sign in</body></html>')],
  ['january again.xlsx', workbook('2022-01-28', JANUARY)],
  ['late.xlsx', workbook('2022-02-28', [['CL-1', 'a', 10], ['CL-1', 'b', 2]])],
  ['contradiction.xlsx', workbook('2022-04-28', [['CL-1', 'a', 2], ['CL-2', 'c', 31]])],
  ['truncated.xlsx', workbook('2022-05-28', [['CL-8', 'item 1', 2]])],
];

const programs = new Set<Program>();
afterAll(async () => { for (const program of programs) await program.close(); });

const settingsOf = (program: Program, url: string) => ({ ...defaults(), ...RULES, inbox: program.inbox, archive: program.archive, database: url });

/** Takes files in one after another, and what is undone, until nothing is put off. Returns what was said of batches. */
async function takeIn(program: Program, url: string, files: typeof FILES): Promise<string[]> {
  const lines: string[] = [];
  let ahead = 0;
  const daemon = await Daemon.open(settingsOf(program, url), rememberingLog(lines), { clock: () => Date.now() + ahead, onFatal: unexpected });
  try {
    for (const file of files.length === 0 ? [undefined] : files) {
      if (file !== undefined) await program.drop(...file);
      do {
        await daemon.runOnce();
        ahead += 3_600_000;
      } while (daemon.intake.putOff > 0);
    }
  } finally {
    await daemon.close();
  }
  // What has happened says nothing of any file.
  expect(lines.filter((line) => line.includes('tried again in'))).toEqual([]);
  return lines.filter((line) => /^batch \d+ (complete|error|duplicate|held)/u.test(line))
    .map((line) => line.replace(/(batch|approve|reject) \d+/gu, '$1 N').replace(/[\d.]+ s$/u, ''));
}

async function create(): Promise<Program> {
  const program = await Program.create({}, undefined, POSTGRES);
  await mkdir(program.inbox);
  return program;
}

type Work = (program: Program, url: string) => Promise<unknown>;

/** What work gives and leaves behind. */
async function outcomeOf(program: Program, url: string, work: Work): Promise<object> {
  programs.add(program);
  try {
    return { given: await work(program, url), left: await program.whole() };
  } finally {
    programs.delete(program);
    await program.close();
  }
}

/** Does work through a proxy, once for each of its COMMITs, which meets its fate then: it ends as if it had not. Returns how many there are. */
async function sweep(make: () => Promise<Program>, work: Work, pass: number): Promise<number> {
  const calm = await make();
  const expected = await outcomeOf(calm, calm.database, work);
  for (let unlucky = 1; ; unlucky += 1) {
    const fate = FATES[(unlucky + pass) % FATES.length]!;
    const program = await make();
    const proxy = await Proxy.before(program.database);
    proxy.fate = (nth) => (nth === unlucky ? fate : 'sent on');
    try {
      expect({ fate, unlucky, ...await outcomeOf(program, proxy.url, work) }).toEqual({ fate, unlucky, ...expected });
      if (proxy.commits < unlucky) return proxy.commits;
    } finally {
      await proxy.close();
    }
  }
}

describe.each(PASSES)('whichever COMMIT it was (%d)', (pass) => {
  test('files of every outcome are taken in as if nothing had happened', async () => {
    const commits = await sweep(create, async (program, url) => takeIn(program, url, FILES), pass);
    expect(commits).toBeGreaterThan(30);
  });

  const corrections: readonly (readonly [string, (database: Database) => Promise<unknown>])[] = [
    ['a batch is deleted', async (database) => deleteBatch(database, 1)],
    ['a record is deleted', async (database) => deleteRecord(database, 1)],
    ['a batch is retried', async (database) => (await retryBatch(database, 6)).id],
    ['a held batch is approved', async (database) => approveBatch(database, 7)],
    ['a held batch is rejected', async (database) => rejectBatch(database, 7)],
    ['damage is mended', async (database) => rebuildAccount(database, 'CL-1')],
    ['the policy is changed', async (database) => (await adoptPolicy(database, { ...defaults(), ...RULES, validityDays: 'none' })).accounts],
  ];
  let prepared: Promise<Program> | undefined;

  /** All files taken in, and some damage. */
  async function prepare(): Promise<Program> {
    const program = await create();
    programs.add(program);
    await takeIn(program, program.database, FILES);
    await program.execute("update master_record set amount = 13 where external_reference = 'a' and from_date = '2022-02-28' and not is_deleted");
    return program;
  }

  test.each(corrections)('%s as if nothing had happened, and says the same', async (_what, correct) => {
    const made = await (prepared ??= prepare());
    const sweepWith = async (fates: number): Promise<number> => sweep(async () => made.copyWithArchive(), async (program, url) => {
      const database = await Database.open(url);
      try {
        return { said: await correct(database), carriedOut: await takeIn(program, program.database, []) };
      } finally {
        await database.close();
      }
    }, fates);
    // The one COMMIT of a correction meets every fate.
    if (await sweepWith(pass) < FATES.length) for (const other of [pass + 1, pass + 2]) await sweepWith(other);
  });
});
