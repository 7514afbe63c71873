import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import { Daemon } from '../../src/service/daemon.js';
import { ENGINES, SQLITE, type Engine } from '../support/engines.js';
import { Pass, rememberingLog, unexpected } from '../support/pass.js';
import { Program } from '../support/program.js';
import { defaults } from '../support/world.js';

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

async function create(environment: Record<string, string> = {}, engine: Engine = SQLITE): Promise<Program> {
  const program = await Program.create(environment, undefined, engine);
  await mkdir(program.inbox);
  programs.push(program);
  return program;
}

const [january, february, march, april] = SAMPLES.map(({ name, date, lines }) => ({ name, bytes: sampleWorkbook(date, lines) }));

/** A workbook of many items over several accounts. */
function large(date: string, items: number, amount: number): Buffer {
  return sampleWorkbook(date, Array.from({ length: items }, (_, index) =>
    [`CL-${index % 20}`, `R${index}`, `Company ${index}`, amount + (index % 3), 'Cash'] as const));
}

describe.each(ENGINES)('the daemon on $name', (engine) => {
  test('archives a small complete workbook soon after it was dropped, says so in one line, and stops on SIGTERM', async () => {
    const program = await create({}, engine);
    const child = program.start(['run']);
    let log = '';
    child.stdout!.on('data', (chunk: Buffer) => { log += chunk.toString(); });
    await program.until(child, 'select 1 from node_status');
    await program.drop(january!.name, january!.bytes);
    await program.until(child, 'select 1 from stage_batch where archived_path is not null');
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[0]).toBe(0);
    const outcomes = log.trim().split('\n').map((line) => JSON.parse(line) as { event: string; message: string }).filter(({ event }) => event === 'batch');
    expect(outcomes.map(({ message }) => message.replace(/[\d.]+ s$/u, 'T s'))).toEqual(['batch 1 complete  0128_Jan.xlsx  10 rows: 10 added 0 failed  T s']);
    expect((await program.files()).filter((name) => name.startsWith('archive/'))[0]).toMatch(/^archive\/processed\/\d{4}\/\d{2}\/0128_Jan\.xlsx$/u);
  });

  test('never reads a half-written file', async () => {
    const program = await create({ SCD_SETTLE_MS: '600000' }, engine);
    const child = program.start(['run']);
    await program.until(child, 'select 1 from node_status');
    const handle = await open(join(program.inbox, january!.name), 'w');
    await handle.write(january!.bytes.subarray(0, 4_000));
    const [first] = await program.until<{ scanned_at: string }>(child, 'select scanned_at from node_status');
    const later = new Date(Date.parse(first!.scanned_at) + 1_000).toISOString();
    await program.until(child, 'select 1 from node_status where scanned_at > ?', [later]);
    expect(await program.rows('select * from stage_batch')).toEqual([]);
    await handle.write(january!.bytes.subarray(4_000));
    await handle.close();
    expect(await program.until(child, 'select batch_status, total_count from stage_batch where archived_path is not null'))
      .toEqual([{ batch_status: 'Complete', total_count: 10 }]);
  });

  test('takes up what is dropped while so many files wait that it does not watch, and after that', async () => {
    const program = await create({ SCD_SCAN_SECONDS: '3600', SCD_CONCURRENCY: '1' }, engine);
    for (let number = 1; number <= 60; number += 1) await program.drop(`${number}.xlsx`, large('2022-01-28', 3, number * 10));
    const child = program.start(['run']);
    await program.until(child, 'select 1 from stage_batch');
    await program.drop('during.xlsx', january!.bytes);
    const archived = (count: number): string => `select 1 as done where (select count(*) from stage_batch where archived_path is not null) = ${count}`;
    await program.until(child, archived(61));
    await program.drop('after.xlsx', february!.bytes);
    await program.until(child, archived(62));
  });

  test('is alone on its database: a second one, and process beside it, say so and name the inbox', async () => {
    const program = await create({}, engine);
    const child = program.start(['run']);
    await program.until(child, 'select 1 from node_status');
    for (const command of ['run', 'process']) {
      const { code, err } = await program.run([command]);
      expect(code).toBe(1);
      expect(err).toMatch(/another scd-inbox already takes in files for it.*; drop files into its inbox: /u);
      expect(err).toContain(program.inbox);
    }
    expect((await program.run(['health'])).code).toBe(0);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await program.run(['health'])).code).toBe(1);
    expect((await program.run(['process'])).code).toBe(0);
  });

  test('derives every chain anew when it starts with another policy', async () => {
    const [program, fresh] = [await create({}, engine), await create({ SCD_VALIDITY_DAYS: 'none' }, engine)];
    for (const world of [program, fresh]) {
      for (const file of [january!, april!]) await world.drop(file.name, file.bytes);
    }
    await program.run(['process'], { SCD_CONCURRENCY: '1' });
    const { code, out } = await program.run(['process'], { SCD_VALIDITY_DAYS: 'none' });
    expect([code, out.includes('derived anew')]).toEqual([0, true]);
    await fresh.run(['process'], { SCD_CONCURRENCY: '1' });
    const sql = 'select external_reference, amount, term, from_date, to_date, is_placeholder, is_missing from master_record where not is_deleted order by 1, 4';
    expect(await program.rows(sql)).toEqual(await fresh.rows(sql));
    expect(await program.rows('select * from master_record where is_placeholder and not is_deleted')).toEqual([]);
  });

  test('ends as if it had never been killed, whether it was killed while it staged or while it applied', async () => {
    const instants = [
      'select 1 from stage_record',
      'select 1 from batch_account where applied_seq is not null',
      'select 1 from batch_account where applied_seq > 25',
    ];
    const files = [{ name: 'one.xlsx', bytes: large('2022-01-28', engine.runs(6_000), 5) }, { name: 'two.xlsx', bytes: large('2022-02-28', engine.runs(5_500), 7) }];
    const environment = { SCD_CONCURRENCY: '1' };
    const calm = await create(environment, engine);
    for (const { name, bytes } of files) await calm.drop(name, bytes);
    expect((await calm.run(['process'])).code).toBe(0);
    const expected = await calm.whole();
    for (const instant of instants.slice(0, engine.runs(instants.length))) {
      const program = await create(environment, engine);
      for (const { name, bytes } of files) await program.drop(name, bytes);
      const child = program.start(['process']);
      await program.until(child, instant);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect((await program.run(['process'])).code).toBe(0);
      expect(await program.whole()).toEqual(expected);
    }
  });

  test('that is stopped before the end of a pass says so by its exit status, and the next pass ends it', async () => {
    const program = await create({}, engine);
    await program.drop('large.xlsx', large('2022-01-28', 6_000, 5));
    const child = program.start(['process'], { SCD_FAILPOINT: 'chunk-staged:sleep,admitted:sleep' });
    await program.until(child, 'select 1 from stage_record');
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[0]).toBe(1);
    expect(await program.rows('select batch_status, attempts from stage_batch')).toEqual([{ batch_status: 'In Progress', attempts: 0 }]);
    expect((await program.run(['process'])).code).toBe(0);
    expect(await program.rows('select batch_status, total_count from stage_batch')).toEqual([{ batch_status: 'Complete', total_count: 6_000 }]);
  });

  test('sets a file aside that interrupted every attempt to read it, while other files go on', async () => {
    const program = await create({ SCD_MAX_ATTEMPTS: '2', SCD_CONCURRENCY: '1' }, engine);
    await program.drop('deadly.xlsx', large('2022-05-28', 9_000, 1));
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const child = program.start(['process']);
      await program.until(child, 'select 1 from stage_batch where attempts = ?', [attempt]);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    expect(await program.rows('select batch_status, attempts from stage_batch')).toEqual([{ batch_status: 'In Progress', attempts: 2 }]);
    await program.drop(january!.name, january!.bytes);
    expect((await program.run(['process'])).code).toBe(1);
    expect(await program.rows('select batch_status, total_count from stage_batch order by id')).toEqual([
      { batch_status: 'Error', total_count: 0 }, { batch_status: 'Complete', total_count: 10 },
    ]);
    expect((await program.run(['errors', '1'])).out).toContain('could not be read in 2 attempts');
    expect(await program.files()).toEqual(expect.arrayContaining(['archive/rejected/deadly.xlsx', 'archive/rejected/deadly.xlsx.txt']));
  });
});

test('a daemon that is closed in the middle of a look leaves no watch behind, which would keep the program from ending', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-closing-'));
  const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), database: `sqlite:${join(folder, 'test.db')}` };
  const watches = (): number => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;
  const before = watches();
  for (let opened = 0; opened < 3; opened += 1) {
    const daemon = await Daemon.open(settings, rememberingLog([]), { onFatal: unexpected });
    const isLooking = jest.spyOn(daemon.intake, 'look');
    daemon.start();
    while (isLooking.mock.calls.length === 0) await new Promise((resolve) => { setImmediate(resolve); });
    await daemon.close();
  }
  expect(watches()).toBe(before);
  await rm(folder, { recursive: true });
});

describe('the four monthly workbooks', () => {
  test('give the same 16 live versions in every order', async () => {
    const orders = permutations([january!, february!, march!, april!]);
    expect(orders).toHaveLength(24);
    const seen = new Set<string>();
    for (const order of orders) {
      const world = await Pass.create();
      for (const { name, bytes } of order) await world.take(name, bytes);
      seen.add(JSON.stringify(await world.rows(
        `select a.account_number, external_reference, amount, term, from_date, to_date, is_placeholder, is_missing from master_record m
         join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2, 5`)));
      await world.close();
    }
    expect(seen.size).toBe(1);
    const versions = JSON.parse([...seen][0]!) as object[];
    expect(versions).toHaveLength(16);
    const version = (account: string, reference: string, amount: number | null, term: string, from: string, to: string | null, flags: object = {}): object => ({
      account_number: account, external_reference: reference, amount, term, from_date: from, to_date: to, is_placeholder: 0, is_missing: 0, ...flags,
    });
    expect(versions).toEqual(expect.arrayContaining([
      version('CL-002', 'A002', 500000, '30 Days', '2022-01-28', '2022-03-28'),
      version('CL-002', 'A002', 400000, '30 Days', '2022-03-28', null),
      version('CL-006', 'A006', 356900, '30 Days', '2022-01-28', '2022-02-28'),
      version('CL-006', 'A006', null, 'Cash', '2022-02-28', null),
      version('CL-009', 'A009', 230000, '30 Days', '2022-01-28', '2022-02-28'),
      version('CL-009', 'A009', null, 'N/A', '2022-02-28', '2022-04-28', { is_placeholder: 1 }),
      version('CL-009', 'A009', 230000, '30 Days', '2022-04-28', null),
      version('CL-010', 'A010', 100000, '30 Days', '2022-01-28', '2022-04-28'),
      version('CL-010', 'A010', 0, '30 Days', '2022-04-28', null, { is_missing: 1 }),
      version('CL-010', 'A011', 78000, '30 Days', '2022-04-28', null),
      version('CL-008', 'A008', 2300, '7 Days', '2022-01-28', null),
    ]));
  });
});

function permutations<T>(things: readonly T[]): T[][] {
  if (things.length < 2) return [[...things]];
  return things.flatMap((thing, index) => permutations(things.filter((_, other) => other !== index)).map((rest) => [thing, ...rest]));
}
