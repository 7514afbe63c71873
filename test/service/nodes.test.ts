import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Database } from '../../src/store/database.js';
import { POSTGRES } from '../support/engines.js';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { STORIES, tellCalmly, tellWithSleep, workbook } from '../support/stories.js';

/** Several nodes on one PostgreSQL history: real processes, which share an inbox or have one each. */

const programs: Program[] = [];
afterEach(async () => {
  for (const program of programs.splice(0)) await program.close();
});

const as = (node: string, more: Record<string, string> = {}): Record<string, string> => ({ SCD_NODE: node, SCD_LEASE_SECONDS: '1', SCD_SETTLE_MS: '1', ...more });

async function create(environment: Record<string, string> = {}): Promise<Program> {
  const program = await Program.create(environment, undefined, POSTGRES);
  programs.push(program);
  await mkdir(program.inbox);
  return program;
}

/** A node with folders of its own on the database of another. */
async function beside(program: Program): Promise<Program> {
  const other = await Program.create({ SCD_DATABASE: program.database });
  programs.push(other);
  await mkdir(other.inbox);
  return other;
}

const JANUARY = workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2]]);
const batches = async (program: Program): Promise<unknown[]> => program.rows('select filename, batch_status, owner, claim is null as done from stage_batch order by id');

describe('two nodes', () => {
  test('share an inbox: each file is taken in by one of them, and the history is that of all', async () => {
    const program = await create();
    const names = Array.from({ length: 12 }, (_, month) => `2022-${String(month + 1).padStart(2, '0')}-15`);
    for (const date of names) await program.drop(`${date}.xlsx`, workbook(date, [['CL-1', 'a', Number(date.slice(5, 7))], ['CL-2', date, 1]]));
    const ended = await Promise.all(['one', 'two'].map(async (node) => program.run(['process'], as(node))));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(await program.rows('select filename, batch_status, total_count from stage_batch order by filename'))
      .toEqual(names.map((date) => ({ filename: `${date}.xlsx`, batch_status: 'Complete', total_count: 2 })));
    expect(await program.rows("select amount from master_record where external_reference = 'a' and not is_deleted order by from_date"))
      .toEqual(names.map((_, month) => ({ amount: month + 1 })));
    expect((await program.files()).filter((name) => name.endsWith('.xlsx')).length).toBe(12);
    expect((await program.run(['check', '--replay'], as('one'))).code).toBe(0);
  });

  test('get the same content at once: one is Complete, the other its Duplicate', async () => {
    const one = await create();
    const two = await beside(one);
    await Promise.all([one.drop('a.xlsx', JANUARY), two.drop('b.xlsx', JANUARY)]);
    await Promise.all([one.run(['process'], as('one')), two.run(['process'], as('two'))]);
    expect((await one.rows<{ batch_status: string }>('select batch_status from stage_batch')).map(({ batch_status }) => batch_status).sort()).toEqual(['Complete', 'Duplicate']);
    expect(await one.rows('select 1 from stage_record')).toHaveLength(2);
  });

  test('do not wait for an account that somebody else works on, unless they need it', async () => {
    const program = await create();
    await program.drop('hot.xlsx', workbook('2022-01-28', [['HOT', 'a', 1]]));
    await program.run(['process'], as('one'));
    const daemon = await program.daemon(as('one'));
    const database = await Database.open(program.database);
    await database.write(async (tx) => {
      await tx.rows("select 1 from client_account where account_number = 'HOT' for no key update");
      for (const month of ['02', '03']) await program.drop(`hot ${month}.xlsx`, workbook(`2022-${month}-28`, [['HOT', 'a', Number(month)]]));
      for (const month of ['02', '03']) await program.drop(`other ${month}.xlsx`, workbook(`2022-${month}-28`, [['CL-1', 'a', Number(month)]]));
      await daemon.says(/complete {2}other 0[23]\.xlsx/u, 2);
      expect(await program.rows("select 1 from stage_batch where filename like 'hot 0%' and batch_status = 'Complete'")).toEqual([]);
    });
    await database.close();
    await daemon.says(/complete {2}hot 0[23]\.xlsx/u, 2);
    expect(await daemon.stop()).toBe(0);
    expect(await program.rows("select amount from master_record where external_reference = 'a' and to_date is null and not is_deleted")).toEqual([{ amount: 3 }, { amount: 3 }]);
  });

  test('take in other files beside as many as they like of an account that somebody else holds', async () => {
    const program = await create();
    await program.drop('hot.xlsx', workbook('2022-01-28', [['HOT', 'a', 1]]));
    await program.run(['process'], as('one'));
    const daemon = await program.daemon(as('one'));
    const database = await Database.open(program.database);
    const months = ['02', '03', '04', '05', '06', '07', '08', '09'];
    await database.write(async (tx) => {
      await tx.rows("select 1 from client_account where account_number = 'HOT' for no key update");
      for (const month of months) await program.drop(`hot ${month}.xlsx`, workbook(`2022-${month}-28`, [['HOT', 'a', Number(month)]]));
      await program.until(daemon.child, "select 1 from stage_batch where filename like 'hot 0%' having count(*) = 8");
      for (const month of ['02', '03']) await program.drop(`other ${month}.xlsx`, workbook(`2022-${month}-28`, [['CL-1', 'a', Number(month)]]));
      await daemon.says(/complete {2}other 0[23]\.xlsx/u, 2);
    });
    await database.close();
    await daemon.says(/complete {2}hot 0\d\.xlsx/u, months.length);
    expect(await daemon.stop()).toBe(0);
    expect(await program.rows("select amount from master_record where external_reference = 'a' and to_date is null and not is_deleted order by 1")).toEqual([{ amount: 3 }, { amount: 9 }]);
  });

  test('must agree on the policy: one that comes with another is refused while the first is there', async () => {
    const program = await create();
    const daemon = await program.daemon(as('one'));
    const other = as('two', { SCD_VALIDITY_DAYS: '92' });
    expect(await program.run(['process'], other)).toMatchObject({ code: 2, err: expect.stringMatching(/is not the one in force, by which one works: give every node the same/u) });
    expect((await program.run(['process'], as('two'))).code).toBe(0);
    const health = await program.run(['health'], as('two'));
    expect([health.code, health.out]).toEqual([0, expect.stringMatching(/one \(pid .* scans and makes progress/u)]);
    expect(health.out).toMatch(/^two \(pid .*\): does not run: it was stopped, could not start, or was a command$/mu);
    await program.execute("update node_status set lease_until = 1 where name = 'two'");
    expect(await program.run(['health'], as('two'))).toMatchObject({ code: 1, out: expect.stringMatching(/one \(pid .* scans and makes progress/u) });
    await daemon.stop();
    expect(await program.run(['process'], other)).toMatchObject({ code: 0, out: expect.stringContaining('the policy has changed') });
  });
});

test('a lease of a fraction of a millisecond is one as well', async () => {
  const program = await create();
  await program.drop('jan.xlsx', JANUARY);
  expect((await program.run(['process'], as('one', { SCD_LEASE_SECONDS: '1.0005' }))).code).toBe(0);
});

test('a decision about a file that only another node reaches is left to that node', async () => {
  const one = await create();
  const two = await beside(one);
  await one.drop('bad.xlsx', workbook('2022-01-28', [['CL-1', 'a', 'six'], ['CL-1', 'b', 2]]));
  await one.run(['process'], as('one'));
  const lenient = { SCD_MAX_FAILURE_RATIO: '1', SCD_LEASE_SECONDS: '3600' };
  await one.run(['process'], as('one', { ...lenient, SCD_FAILPOINT: 'policy-added:exit' }));
  expect(JSON.parse((await two.run(['retry', '1', '--json'], as('two', lenient))).out)).toMatchObject({ status: 'In Progress', handedToDaemon: true });
  await one.run(['process'], as('one', lenient));
  expect(await batches(one)).toEqual([{ filename: 'bad.xlsx', batch_status: 'Complete', owner: 'one', done: 1 }]);
});

describe('what a dead node leaves', () => {
  test('is decided by another one as far as the database goes; the file waits for the one that reaches it, and batches says so', async () => {
    const one = await create();
    const two = await beside(one);
    await one.drop('jan.xlsx', JANUARY);
    await one.run(['process'], as('one', { SCD_FAILPOINT: 'admitted:exit', SCD_LEASE_SECONDS: '3600' }));
    expect(await batches(one)).toEqual([{ filename: 'jan.xlsx', batch_status: 'Ready', owner: 'one', done: 0 }]);
    await two.run(['process'], as('two'));
    expect(await batches(one)).toMatchObject([{ batch_status: 'Ready' }]);
    await one.endLeases();
    expect((await two.run(['process'], as('two'))).out).toContain('it was ready; its file waits for node one');
    expect(await batches(one)).toEqual([{ filename: 'jan.xlsx', batch_status: 'Complete', owner: 'one', done: 0 }]);
    expect((await two.run(['batches', '--json'], as('two'))).out).toMatch(/its file waits for node one, last heard of at /u);
    expect(await one.rows('select 1 from master_record where not is_deleted')).toHaveLength(2);
    await one.run(['process'], as('one'));
    expect(await batches(one)).toEqual([{ filename: 'jan.xlsx', batch_status: 'Complete', owner: 'one', done: 1 }]);
  });

  test('is left to it while it is there: a folder that bears the wrong name is given back', async () => {
    const program = await create();
    await program.drop('jan.xlsx', JANUARY);
    await program.run(['process'], as('one', { SCD_FAILPOINT: 'chunk-staged:exit', SCD_LEASE_SECONDS: '3600' }));
    const [{ claim }] = await program.rows<{ claim: string }>('select claim from stage_batch') as [{ claim: string }];
    await rename(join(program.inbox, '.processing', `one~${claim}`), join(program.inbox, '.processing', `two~${claim}`));
    await program.run(['process'], as('two'));
    expect(await program.files()).toContain(`inbox/.processing/one~${claim}/jan.xlsx`);
    await program.run(['process'], as('one'));
    expect(await batches(program)).toEqual([{ filename: 'jan.xlsx', batch_status: 'Complete', owner: 'one', done: 1 }]);
  });
});

describe('a node that was stopped for longer than its lease', () => {
  const story = STORIES.find(({ byOthers }) => byOthers)!;

  // `npm run torture` puts it to sleep at every point, each time that it is reached.
  test('changes nothing when it wakes up, whether it staged, was in a transaction or moved a file', async () => {
    const prepared = await story.prepare(POSTGRES);
    programs.push(prepared);
    const expected = await tellCalmly(prepared, story);
    for (const point of ['chunk-staged', 'account-commit', 'archive-linked']) expect({ point, whole: await tellWithSleep(prepared, story, point) }).toEqual({ point, whole: expected });
  });

  test('is noticed by another that is there all the time, which takes over by itself', async () => {
    const program = await create();
    const one = await program.daemon(as('one', { SCD_FAILPOINT: 'chunk-staged:stop:1' }));
    const two = await program.daemon(as('two', { SCD_FAILPOINT: 'claim-folder-made:throw' }));
    await program.drop('jan.xlsx', JANUARY);
    await one.says(/fail point chunk-staged/u);
    await two.says(/node one was not heard of for longer than its lease: 1 of its files are taken over[^]*batch 1 complete/u);
    await one.wake();
    await one.says(/it begins anew[^]*"event":"started"/u);
    expect([await one.stop(), await two.stop()]).toEqual([0, 0]);
    expect(await batches(program)).toEqual([{ filename: 'jan.xlsx', batch_status: 'Complete', owner: 'two', done: 1 }]);
  });

  test('and does one pass says that others go on with its work, takes nothing more in and exits 1', async () => {
    const program = await create();
    for (const month of ['01', '02', '03']) await program.drop(`${month}.xlsx`, workbook(`2022-${month}-28`, [['CL-1', 'a', 1]]));
    const pass = new Running(program.start(['process'], as('one', { SCD_CONCURRENCY: '1', SCD_FAILPOINT: 'chunk-staged:stop:1' })));
    await pass.says(/fail point chunk-staged/u);
    await program.execute("update node_status set epoch = epoch + 1 where name = 'one'");
    await pass.wake();
    expect(await pass.end()).toBe(1);
    expect(pass.said).toMatch(/others go on with its work; what is left here is taken in by the next run/u);
    expect((await program.files()).filter((name) => /^inbox\/\d/u.test(name))).toHaveLength(2);
    expect((await program.run(['process'], as('one'))).code).toBe(0);
    expect(await program.rows('select batch_status from stage_batch')).toEqual(Array(3).fill({ batch_status: 'Complete' }));
  });

  test('says that others go on with its work, and begins anew', async () => {
    const program = await create();
    const daemon = await program.daemon(as('one'));
    daemon.child.kill('SIGSTOP');
    await program.execute("update node_status set epoch = epoch + 1 where name = 'one'");
    daemon.child.kill('SIGCONT');
    await daemon.says(/"event":"started"/u, 2);
    expect(daemon.said).toMatch(/node one was not heard of for 1 s or was started a second time, and others go on with its work; it begins anew/u);
    await program.drop('jan.xlsx', JANUARY);
    await daemon.says(/batch 1 complete/u);
    expect(await daemon.stop()).toBe(0);
  });
});
