import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import { Database } from '../../src/store/database.js';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';

describe.each(ENGINES)('check and rebuild on the command line on $name', (engine) => {
  let program: Program;

  beforeAll(async () => {
    program = await Program.create({}, undefined, engine);
    await mkdir(program.inbox);
    for (const { name, date, lines } of SAMPLES) await writeFile(join(program.inbox, name), sampleWorkbook(date, lines));
    await program.run(['process']);
  });
  afterAll(async () => program.close());

  async function damage(...statements: readonly string[]): Promise<void> {
    const database = await Database.open(program.database);
    for (const statement of statements) await database.write(async (tx) => tx.rows(statement));
    await database.close();
  }

  const AMOUNTS = 'select external_reference, from_date, amount from master_record where not is_deleted order by 1, 2';

  test('say in one line that nothing is wrong, and exit 0', async () => {
    expect(await program.run(['check'])).toEqual({ code: 0, out: 'nothing found: 10 accounts, 16 versions, 4 batches\n', err: '' });
    expect(await program.run(['check', 'CL-002', '--replay'])).toMatchObject({ code: 0, out: expect.stringMatching(/^nothing found: 1 account, \d versions, 4 batches\n$/u) });
    expect(JSON.parse((await program.run(['check', '--json'])).out)).toEqual({ findings: [], accounts: 10, versions: 16, batches: 4 });
    expect(await program.run(['rebuild'])).toEqual({ code: 0, out: '10 accounts derived anew: 0 versions changed\n', err: '' });
  });

  test('name what is wrong, propose, repair when told so, and then find nothing', async () => {
    const before = await program.rows(AMOUNTS);
    await damage("update master_record set amount = 99 where external_reference = 'A001' and to_date is null", 'update stage_batch set total_count = 11 where id = 1');
    const found = await program.run(['check']);
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/^CL-001 \/ A001: wrong version: version \d+ \[2022-01-28, open\): amount is 99, the observations say 358666\.8\nbatch 1 \(.*\.xlsx\): wrong total: total_count is 11, its rows say \d+\n\n2 findings/u);
    expect(JSON.parse((await program.run(['check', '--json'])).out)).toMatchObject({ findings: [{ kind: 'wrong version', reference: 'A001' }, { kind: 'wrong total', batch: 1 }], accounts: 10 });
    const proposed = await program.run(['check', '--repair']);
    expect([proposed.code, proposed.out]).toEqual([1, expect.stringContaining(
      'a repair would do this:\n  batch 1: 1 total mended\n  account CL-001: 2 versions changed (1 inserted, 0 updated, 1 removed)\nnothing is changed yet: scd-inbox check --repair --yes does it\n')]);
    expect(await program.rows(AMOUNTS)).not.toEqual(before);
    const repaired = await program.run(['check', '--repair', '--yes']);
    expect([repaired.code, repaired.out]).toEqual([0, expect.stringMatching(/repaired:\n {2}batch 1: 1 total mended\n {2}account CL-001: .*\nall is well now\n$/u)]);
    expect(await program.rows(AMOUNTS)).toEqual(before);
    expect((await program.run(['check'])).code).toBe(0);
  });

  test('rebuild an account, and say what changed', async () => {
    await damage("update master_record set company_name = 'Nobody' where external_reference in ('A001', 'A003') and to_date is null");
    expect((await program.run(['rebuild', 'CL-001'])).out).toBe('account CL-001: 1 version changed (0 inserted, 1 updated, 0 removed)\n1 account derived anew: 1 version changed\n');
    expect(JSON.parse((await program.run(['rebuild', '--json'])).out)).toMatchObject({ accounts: expect.arrayContaining([{ account: 'CL-003', inserted: 0, updated: 1, removed: 0 }]), refused: [] });
    expect((await program.run(['check'])).code).toBe(0);
  });

  test('name long periods where the setting says so', async () => {
    const { code, out } = await program.run(['check'], { SCD_MAX_PERIOD_DAYS: '89' });
    expect([code, out]).toEqual([1, expect.stringMatching(/^CL-\d+ \/ A\d+: long period: version \d+ \[2022-01-28, 2022-04-28\) lasts 90 days\n/u)]);
    expect((await program.run(['check'], { SCD_MAX_PERIOD_DAYS: '90' })).code).toBe(0);
  });

  test('exit 1 where rows are lost, and leave their account as it is', async () => {
    await damage("delete from stage_record where external_reference = 'A010'", "update master_record set amount = 5 where external_reference = 'A010'");
    const repaired = await program.run(['check', '--repair', '--yes']);
    expect([repaired.code, repaired.out]).toEqual([1, expect.stringMatching(/repaired:\n {2}account CL-010 is left as it is: .*\nleft:\n/u)]);
    expect(await program.run(['rebuild', 'CL-010'])).toMatchObject({ code: 1, out: expect.stringMatching(/^account CL-010 is left as it is: /u) });
  });

  test('find nothing wrong with what was killed halfway, nor with what was resumed', async () => {
    const halfway = await Program.create({}, undefined, engine);
    try {
      await mkdir(halfway.inbox);
      for (const { name, date, lines } of SAMPLES.slice(0, 2)) await writeFile(join(halfway.inbox, name), sampleWorkbook(date, lines));
      const halves = [[['process'], 'account-applied:exit:4'], [['process'], ''], [['delete', '--batch', '1'], 'account-removed:exit:3']] as const;
      for (const [args, point] of halves) {
        const { err } = await halfway.run(args, { SCD_FAILPOINT: point });
        expect(err.includes('fail point')).toBe(point !== '');
        expect(await halfway.run(['check', '--replay'])).toMatchObject({ code: 0, out: expect.stringContaining('nothing found: ') });
      }
    } finally {
      await halfway.close();
    }
  });

  test('refuse what they do not know with status 2', async () => {
    expect(await program.run(['check', 'CL-404'])).toEqual({ code: 2, out: '', err: 'scd-inbox: nothing is known of account "CL-404"\n' });
    expect(await program.run(['rebuild', 'CL-404'])).toEqual({ code: 2, out: '', err: 'scd-inbox: nothing is known of account "CL-404"\n' });
    expect((await program.run(['check', '--yes'])).err).toBe('scd-inbox: --yes: expected together with --repair\n');
  });
});
