import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { getMetadataArgsStorage } from 'typeorm';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dateOf, dayOf } from '../../src/history/day.js';
import { planFiles, type Plan } from '../../src/ingest/plan.js';
import { Database } from '../../src/store/database.js';
import { ENTITIES } from '../../src/store/entities/index.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { WorkbookReader } from '../../src/workbook/reader.js';
import { histories } from '../model/arbitraries.js';
import { guardedStories } from '../model/commands.js';
import { POLICY } from '../model/fixtures.js';
import type { ModelFile, ModelPolicy } from '../model/types.js';
import { ENGINES, type Engine } from '../support/engines.js';
import { Pass, rememberingLog } from '../support/pass.js';
import { HEADINGS } from '../support/workbooks.js';
import { settingsOf } from '../support/world.js';

const FILES = 500;
// Thousands of transactions: where there is a folder in memory they need not wait for a disk.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';
const TIMEOUT_MS = 600_000;
const reader = new WorkbookReader({ threads: 1, heapMiB: 256 });
const passes: Pass[] = [];
afterAll(async () => {
  for (const pass of passes) await pass.close();
  await reader.close();
});

async function create(policy: ModelPolicy, engine: Engine): Promise<Pass> {
  const { inbox: _inbox, archive: _archive, database: _database, settleMs: _settle, ...rules } = settingsOf(policy);
  const pass = await Pass.create({ ...rules, concurrency: 1 }, engine);
  passes.push(pass);
  return pass;
}

async function plan(pass: Pass, paths: readonly string[]): Promise<Plan> {
  const database = await Database.open(pass.settings.database);
  try {
    return await planFiles({ settings: pass.settings, database, reader, log: rememberingLog([]) }, paths, Number.MAX_SAFE_INTEGER);
  } finally {
    await database.close();
  }
}

/** Random files, in a random but fixed order: late ones, repeats, contradictions, the same bytes again, truncated exports. */
function randomFiles(): ModelFile[] {
  const small = fc.sample(histories(), { numRuns: FILES, seed: 7 }).flatMap(({ files }) => files);
  const large = fc.sample(guardedStories(), { numRuns: FILES, seed: 7 }).flatMap(({ commands }) => commands)
    .flatMap((command) => (command.kind === 'drop' ? [command.file] : []));
  return Array.from({ length: FILES }, (_, index) => (index % 5 === 0 ? movedOn(large[index]!, index) : small[index]!));
}

/** The file of another account and of later dates: a truncated one is held where it is the latest. */
function movedOn({ name, rows }: ModelFile, index: number): ModelFile {
  return { name, rows: rows.map((row) => ({ ...row, account: 'CL-G', date: row.date === null ? null : dateOf(dayOf(row.date) + 3 * index) })) };
}

function csvOf({ rows }: ModelFile): string {
  const blank = rows[0]?.row === 3 ? [''] : [];
  return [HEADINGS.join(','), ...blank, ...rows.map((row) => [
    row.date ?? '', row.account ?? '', row.reference ?? '', row.company, row.unreadable ? 'n/a' : row.amount ?? '', row.term,
  ].join(','))].join('\n');
}

const COMPARED = [
  'filename', 'batch_status', 'sheet', 'total_count', 'success_count', 'failure_count', 'repeated_count', 'add_count', 'append_count', 'unchanged_count',
  'merge_count', 'replace_count', 'zeroed_count', 'placeholder_inserted_count', 'placeholder_replaced_count', 'error', 'duplicate_of', 'admitted_seq',
] as const;

describe.each(ENGINES)('a plan on $name', (engine) => {
  test(`of ${engine.runs(FILES)} random files says of every batch, row and chain what the run that follows makes of it, and writes nothing`, async () => {
    const pass = await create({ ...POLICY, maxFailureRatio: 0.4, maxMissingRatio: 0.5 }, engine);
    await pass.take('first.csv', csvOf({ name: '', rows: [{ row: 2, date: '2022-01-03', account: 'CL-1', reference: 'a', company: 'Acme', amount: 1, term: 'Cash', unreadable: false }] }));
    const before = await dump(pass);
    const paths: string[] = [];
    for (const [index, file] of randomFiles().slice(0, engine.runs(FILES)).entries()) {
      const path = join(pass.folder, `file-${String(index).padStart(3, '0')}.csv`);
      await writeFile(path, csvOf(file));
      paths.push(path);
    }
    const planned = await plan(pass, paths);
    expect(await dump(pass)).toEqual(before);
    expect(new Set(planned.files.map(({ batch }) => batch.batch_status))).toEqual(new Set(['Complete', 'Duplicate', 'Error', 'Held']));

    await pass.takeAll(paths);
    const batches = await pass.rows<StageBatch>('select * from stage_batch where id > 1 order by id');
    const last = [...new Map(planned.files.map((file) => [file.batch.id, file])).values()].sort((one, other) => one.batch.id - other.batch.id);
    const [said, done] = [last.map(({ batch }) => batch.id), batches.map(({ id }) => id)];
    expect(byPlace(said, last.map(({ batch }) => COMPARED.map((name) => [name, batch[name]])))).toEqual(byPlace(done, batches.map((batch) => COMPARED.map((name) => [name, batch[name]]))));
    const errors = await pass.rows<{ error: string }>("select error from stage_record where batch_id > 1 and process_status = 'Failed' order by batch_id, id");
    expect(byPlace(said, last.flatMap(({ failed }) => failed.map(({ error }) => error)))).toEqual(byPlace(done, errors.map(({ error }) => error)));
    expect(byPlace(done, await chains(pass))).toEqual(expect.arrayContaining(byPlace(said, chainsOf(planned)) as unknown[]));
    expect(planned.changed).toBe(planned.chains.length);
  }, TIMEOUT_MS);

  test('tells which chains change where the last change was made by a clock that is ahead of its own', async () => {
    const pass = await create(POLICY, engine);
    const [january, february] = [1, 2].map((month) =>
      csvOf({ name: '', rows: [{ row: 2, date: `2022-0${month}-03`, account: 'CL-1', reference: 'a', company: 'Acme', amount: month, term: 'Cash', unreadable: false }] }));
    await pass.take('january.csv', january!);
    const database = await Database.open(pass.settings.database);
    await database.write(async (tx) => tx.rows('update change_counter set last_at = ?', [new Date(Date.now() + 300_000).toISOString()]));
    await database.close();
    await writeFile(join(pass.folder, 'february.csv'), february!);
    expect((await plan(pass, [join(pass.folder, 'february.csv')])).chains.map(({ reference, after }) => [reference, after.length])).toEqual([['a', 2]]);
  });

  test('tells what the rows would do by account, first of those whose account is not known', async () => {
    const pass = await create(POLICY, engine);
    const lines = ['CL-2', '', 'CL-1'].map((account, index) => ({ row: index + 2, date: '2022-01-03', account, reference: 'a', company: 'Acme', amount: 1, term: 'Cash', unreadable: false }));
    await writeFile(join(pass.folder, 'january.csv'), csvOf({ name: '', rows: lines }));
    const planned = await plan(pass, [join(pass.folder, 'january.csv')]);
    expect(planned.files[0]!.actions.map(({ account, action }) => [account, action])).toEqual([[null, 'N/A'], ['CL-1', 'Add'], ['CL-2', 'Add']]);
  });

  test('derives by the settings, also where the database has another policy', async () => {
    const pass = await create(POLICY, engine);
    const [january, june] = ['2022-01-03', '2022-06-03'].map((date) =>
      csvOf({ name: '', rows: [{ row: 2, date, account: 'CL-1', reference: 'a', company: 'Acme', amount: 1, term: 'Cash', unreadable: false }] }));
    await pass.take('january.csv', january!);
    await writeFile(join(pass.folder, 'june.csv'), june!);
    Object.assign(pass.settings, { validityDays: 'none' });
    const planned = await plan(pass, [join(pass.folder, 'june.csv')]);
    expect([planned.rederived, planned.placeholders.length, planned.files[0]!.batch.unchanged_count]).toEqual([1, 0, 1]);
  });
});

/** Batches by their place: on PostgreSQL the numbers of those that were planned are not given again. */
function byPlace(batches: readonly number[], value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/(?<="(?:batch_id":|duplicate_of",)|\b(?:batch|approve|reject) )\d+/gu,
    (id) => (id === '1' ? id : String(batches.indexOf(Number(id)) + 2))));
}

function chainsOf({ chains: planned }: Plan): unknown[] {
  return planned.flatMap(({ account, reference, after }) => after.map((version) => ({
    account_number: account, external_reference: reference, from_date: dateOf(version.from), to_date: version.to === null ? null : dateOf(version.to),
    amount: version.tracked[0], term: version.tracked[1], company_name: version.untracked[0], is_placeholder: Number(version.isPlaceholder),
    is_missing: Number(version.isMissing), batch_id: version.batch,
  })));
}

async function chains(pass: Pass): Promise<unknown[]> {
  return pass.rows(`select a.account_number, external_reference, from_date, to_date, amount, term, company_name, is_placeholder, is_missing, batch_id
    from master_record m join client_account a on a.id = m.client_account_id where not is_deleted`);
}

/** Everything that lies in the database. */
async function dump(pass: Pass): Promise<unknown> {
  const names = ENTITIES.map((entity) => getMetadataArgsStorage().tables.find(({ target }) => target === entity)!.name!).filter((name) => name !== 'node_status');
  return Promise.all(names.map(async (name) => [name, await pass.rows(`select * from ${name} order by 1, 2`)]));
}
