import { afterAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleWorkbook } from '../../src/demo/samples.js';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

describe.each(ENGINES)('on $name', (engine) => {
  async function create(): Promise<Program> {
    const program = await Program.create({ SCD_CONCURRENCY: '1' }, undefined, engine);
    await mkdir(program.inbox);
    programs.push(program);
    return program;
  }

  /** A workbook of a few items in each of five accounts. */
  function book(date: string, items: number, amount: number): Buffer {
    return sampleWorkbook(date, Array.from({ length: items }, (_, index) => [`CL-${index % 5}`, `R${index}`, 'Acme', amount, 'Cash'] as const));
  }

  async function withTwo(): Promise<Program> {
    const program = await create();
    await program.drop('one.xlsx', book('2022-01-28', 40, 1));
    await program.drop('two.xlsx', book('2022-02-28', 40, 2));
    await program.run(['process']);
    return program;
  }

  const CHAINS = `select a.account_number, external_reference, amount, from_date, to_date from master_record m
    join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2, 4`;
  const LEFT = 'select 1 from batch_account where batch_id = 1 and removed_seq is null';

  describe('a deletion', () => {
    test('that was killed between accounts is ended by doing it again, or by the next start', async () => {
      const calm = await withTwo();
      expect((await calm.run(['delete', '--batch', '1'])).out).toBe('batch 1 (one.xlsx) is deleted: the chains of 5 accounts are as if it had never come (versions: 40 removed, 0 added, 0 changed)\n');
      const expected = await calm.rows(CHAINS);
      expect(expected).toHaveLength(40);
      for (const mend of [['delete', '--batch', '1'], ['process']]) {
        const program = await withTwo();
        const killed = await program.run(['delete', '--batch', '1'], { SCD_FAILPOINT: 'account-removed:exit:2' });
        expect([killed.code, await program.rows(LEFT)]).toEqual([null, [expect.anything(), expect.anything(), expect.anything()]]);
        expect((await program.run(mend)).code).toBe(0);
        expect([await program.rows(LEFT), await program.rows(CHAINS)]).toEqual([[], expected]);
      }
    });

    test('beside a daemon that is loading files leaves what the files without it derive', async () => {
      const [program, without] = [await withTwo(), await create()];
      const child = program.start(['run']);
      await program.until(child, 'select 1 from node_status where pid = ?', [child.pid]);
      await program.drop('three.xlsx', book('2022-03-28', 6_000, 3));
      await program.until(child, 'select 1 from stage_batch where id = 3');
      expect((await program.run(['delete', '--batch', '1'])).code).toBe(0);
      await program.until(child, 'select 1 from stage_batch where id = 3 and archived_path is not null');
      child.kill('SIGTERM');
      await once(child, 'close');
      await without.drop('two.xlsx', book('2022-02-28', 40, 2));
      await without.drop('three.xlsx', book('2022-03-28', 6_000, 3));
      await without.run(['process']);
      expect(await program.rows(CHAINS)).toEqual(await without.rows(CHAINS));
      expect((await program.run(['check'])).code).toBe(0);
    });

    test('of a batch that is Held lets its file go to the archive, with a word beside it, and its content be dropped again', async () => {
      const program = await create();
      const [whole, truncated] = [book('2022-01-28', 60, 1), book('2022-02-28', 10, 1)];
      await program.drop('one.xlsx', whole);
      await program.run(['process']);
      await program.drop('two.xlsx', truncated);
      expect((await program.run(['process'])).code).toBe(3);
      expect((await program.run(['delete', '--batch', '2'])).out).toBe('batch 2 (two.xlsx) is deleted: it was Held, nothing of it was on record\n');
      expect((await program.run(['process'])).code).toBe(0);
      expect((await program.files()).filter((name) => name.includes('two'))).toEqual(['archive/rejected/two.xlsx', 'archive/rejected/two.xlsx.txt']);
      expect(await readFile(join(program.folder, 'archive/rejected/two.xlsx.txt'), 'utf8')).toContain('batch 2 was deleted before its file was archived; drop the file again to load it');
      await program.drop('again.xlsx', truncated);
      expect((await program.run(['process'], { SCD_MAX_MISSING_RATIO: 'none' })).code).toBe(0);
      expect(await program.rows('select batch_status from stage_batch order by id')).toEqual(['Complete', 'Deleted', 'Complete'].map((status) => ({ batch_status: status })));
    });

    test('can be looked at before: the dry run says the same and changes nothing', async () => {
      const program = await withTwo();
      const before = await program.whole();
      expect((await program.run(['delete', '--batch', '1', '--dry-run'])).out)
        .toBe('batch 1 (one.xlsx) would be deleted: the chains of 5 accounts would be as if it had never come (versions: 40 removed, 0 added, 0 changed)\n');
      expect(await program.whole()).toEqual(before);
      const { dryRun: _, ...said } = JSON.parse((await program.run(['delete', '--batch', '1', '--dry-run', '--json'])).out) as Record<string, unknown>;
      const { dryRun: __, ...done } = JSON.parse((await program.run(['delete', '--batch', '1', '--json'])).out) as Record<string, unknown>;
      expect(done).toEqual(said);
      expect((await program.run(['delete', '--batch', '1'])).out).toBe('batch 1 (one.xlsx) was deleted already; nothing changed\n');
    });
  });
});
