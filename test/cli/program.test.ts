import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import { Program } from '../support/program.js';

let program: Program;

beforeAll(async () => {
  program = await Program.create();
  await mkdir(program.inbox);
  const { lines } = SAMPLES[0]!;
  await writeFile(join(program.folder, 'january.xlsx'), sampleWorkbook('2022-01-28', lines));
  await program.run(['process', 'january.xlsx']);
});
afterAll(async () => program.close());

describe('the command line', () => {
  test('takes in copies of named files and leaves the files where they are', async () => {
    expect(await program.files()).toEqual(expect.arrayContaining(['january.xlsx']));
    expect(await program.rows('select batch_status, total_count from stage_batch where id = 1')).toEqual([{ batch_status: 'Complete', total_count: 10 }]);
  });

  test('lists batches as a table and as JSON', async () => {
    expect((await program.run(['batches'])).out).toMatch(/Batch {2}File +Status[\s\S]*1 {2}january\.xlsx {2}Complete +10/u);
    expect(JSON.parse((await program.run(['batches', '--json'])).out)).toMatchObject([{ id: 1, filename: 'january.xlsx', add_count: 10 }]);
  });

  test('draws the history of an account and of an item', async () => {
    expect((await program.run(['history', 'CL-002'])).out).toBe('CL-002 / A002  Company B\n  2022-01-28 ──▶              500000  30 Days\n');
    expect(JSON.parse((await program.run(['history', 'CL-002', 'A002', '--json'])).out)).toMatchObject([{ from_date: '2022-01-28', to_date: null, amount: 500000, term: '30 Days', company_name: 'Company B' }]);
  });

  test('refuses what it does not know with status 2 and one clear sentence', async () => {
    expect(await program.run(['history', 'CL-404'])).toEqual({ code: 2, out: '', err: 'scd-inbox: nothing is known of account "CL-404"\n' });
    expect(await program.run(['errors', 'twelve'])).toMatchObject({ code: 2, err: 'scd-inbox: expected the number of a batch, found "twelve"; scd-inbox batches lists them\n' });
    expect((await program.run(['frobnicate'])).code).toBe(2);
    expect(await program.run(['config'], { SCD_VALIDITY_DAYS: '0', SCD_CONCURRENCY: 'x' })).toEqual({
      code: 2, out: '', err: 'scd-inbox: the settings cannot be used:\n  SCD_CONCURRENCY: expected number, received string, found "x"\n'
        + '  SCD_VALIDITY_DAYS: expected a whole number of days from 1, or none, found 0\n',
    });
  });

  test('shows the settings in force, and names what is misspelled', async () => {
    const { code, out, err } = await program.run(['config', '--json'], { SCD_VALIDITYDAYS: '45', SCD_SCAN_SECONDS: '7' });
    expect([code, JSON.parse(out), err]).toEqual([
      0, expect.objectContaining({ validityDays: 31, scanSeconds: 7 }), 'scd-inbox: SCD_VALIDITYDAYS is in the environment, but there is no such setting\n',
    ]);
  });

  test('does not mind a reader that has seen enough', async () => {
    const child = program.start(['batches', '--json']);
    child.stdout!.destroy();
    let err = '';
    child.stderr!.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    expect([(await once(child, 'close'))[0], err]).toEqual([0, '']);
  });

  test('exits 1 when a file ended in Error, and errors says why', async () => {
    await writeFile(join(program.folder, 'page.xlsx'), '<html><body>Sign in</body></html>');
    expect((await program.run(['process', 'page.xlsx'])).code).toBe(1);
    const [batch] = await program.rows<{ id: number }>("select id from stage_batch where filename = 'page.xlsx'");
    expect((await program.run(['errors', String(batch!.id)])).out).toContain('is an HTML page');
    expect(await program.files()).toEqual(expect.arrayContaining(['archive/rejected/page.xlsx', 'archive/rejected/page.xlsx.txt']));
  });

  test('helps with examples', async () => {
    for (const command of ['run', 'process', 'plan', 'batches', 'errors', 'history', 'as-of', 'sample', 'explain', 'export', 'delete', 'retry', 'approve', 'reject', 'check', 'rebuild', 'copy', 'config', 'health']) {
      const { code, out } = await program.run([command, '--help']);
      expect([code, /Examples?:/u.test(out)]).toEqual([0, true]);
    }
  });

  test('deletes a record and then a whole batch, and the file may be dropped again', async () => {
    const [record] = await program.rows<{ id: number }>("select id from stage_record where external_reference = 'A002' and batch_id = 1");
    const [explained] = JSON.parse((await program.run(['explain', 'CL-002', 'A002', '--json'])).out) as { record_id: number; version_id: number }[];
    expect(explained!.record_id).toBe(record!.id);
    expect((await program.run(['delete', '--version', String(explained!.version_id), '--dry-run'])).out).toContain(
      `CL-002 / A002 would say nothing at 2022-01-28 any more (versions: 1 removed, 0 added, 0 changed); deleted:\n  record ${record!.id}:`);
    expect((await program.run(['delete', '--record', String(record!.id)])).out).toBe(
      `CL-002 / A002 says nothing at 2022-01-28 any more (versions: 1 removed, 0 added, 0 changed); deleted:\n  record ${record!.id}: batch 1 (january.xlsx) row 3\n`);
    expect((await program.run(['history', 'CL-002'])).code).toBe(2);
    expect((await program.run(['delete', '--batch', '1'])).out).toBe('batch 1 (january.xlsx) is deleted: the chains of 10 accounts are as if it had never come (versions: 9 removed, 0 added, 0 changed)\n');
    expect(await program.rows('select 1 from master_record where not is_deleted')).toEqual([]);
    expect((await program.run(['process', 'january.xlsx'])).code).toBe(0);
    expect(await program.rows('select 1 from master_record where not is_deleted')).toHaveLength(10);
    expect(await program.run(['delete'])).toMatchObject({ code: 2, err: 'scd-inbox: expected one of --batch NUMBER, --record ID and --version ID\n' });
  });

  test('ends a copy of what is on record as a Duplicate with status 0, and clears up what a kill has left of another copy', async () => {
    await writeFile(join(program.folder, 'inbox', '.scd-inbox-copy.part'), 'half a file');
    expect((await program.run(['process', 'january.xlsx'])).code).toBe(0);
    expect(await program.rows("select duplicate_of from stage_batch where batch_status = 'Duplicate'")).toEqual([{ duplicate_of: 3 }]);
    expect((await program.files()).filter((name) => name.startsWith('inbox/'))).toEqual([]);
  });
});
