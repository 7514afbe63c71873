import { afterAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleWorkbook } from '../../src/demo/samples.js';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

describe.each(ENGINES)('on $name', (engine) => {
  async function create(): Promise<Program> {
    const program = await Program.create({}, undefined, engine);
    await mkdir(program.inbox);
    programs.push(program);
    return program;
  }

  function book(date: string, items: number): Buffer {
    return sampleWorkbook(date, Array.from({ length: items }, (_, index) => ['CL-1', `R${String(index).padStart(2, '0')}`, 'Acme', 5, 'Cash'] as const));
  }

  /** A copy of what is prepared once. */
  function prepared(prepare: () => Promise<Program>): () => Promise<Program> {
    let made: Promise<Program> | undefined;
    return async () => {
      const copy = await (await (made ??= prepare())).copyWithArchive();
      programs.push(copy);
      return copy;
    };
  }

  /** A database with a whole January and a truncated February, which is Held. */
  const withHeld = prepared(async () => {
    const program = await create();
    await program.drop('january.xlsx', book('2022-01-28', 12));
    expect((await program.run(['process'])).code).toBe(0);
    await program.drop('february.xlsx', book('2022-02-28', 5));
    expect((await program.run(['process'])).code).toBe(3);
    return program;
  });

  const STATUS = 'select batch_status from stage_batch where id = 2';
  const ZEROS = 'select external_reference from master_record where is_missing and not is_deleted';

  describe('a batch that would zero more than half of an account', () => {
    test('is Held, says so in batches, errors and a note in the archive, and survives a restart', async () => {
      const program = await withHeld();
      expect(await program.rows(ZEROS)).toEqual([]);
      const why = 'would zero 7 of the 12 current items of account CL-1 (R05, R06, R07, …), more than 50 % allowed; nothing was loaded. '
        + 'Is the file complete? Then scd-inbox approve 2 loads it, else scd-inbox reject 2 refuses it';
      expect((await program.run(['errors', '2'])).out).toBe(`batch 2 Held: ${why}\n`);
      expect((await program.run(['batches'])).out).toContain(why);
      expect(await readFile(join(program.folder, 'archive/held/february (batch 2).xlsx.txt'), 'utf8')).toContain(why);
      const again = await program.run(['process']);
      expect(again.code).toBe(3);
      expect(again.out).toContain('batch 2 held  february.xlsx  would zero 7');
      expect(await program.rows(STATUS)).toEqual([{ batch_status: 'Held' }]);
      await program.drop('copy.xlsx', book('2022-02-28', 5));
      expect((await program.run(['process'])).code).toBe(3);
      expect(await program.rows('select batch_status, duplicate_of from stage_batch where id = 3')).toEqual([{ batch_status: 'Duplicate', duplicate_of: 2 }]);
    });

    test('is loaded when it is approved: the command does it itself where no daemon runs', async () => {
      const program = await withHeld();
      const { code, out } = await program.run(['approve', '2']);
      expect([code, out]).toEqual([0, expect.stringMatching(/^batch 2 complete {2}february\.xlsx {2}5 rows: 5 unchanged 0 failed {2}7 zeroed/u)]);
      expect(await program.rows(ZEROS)).toHaveLength(7);
      expect((await program.files()).filter((name) => name.includes('february'))).toEqual([expect.stringMatching(/^archive\/processed\/.*february\.xlsx$/u)]);
      expect(await program.run(['approve', '2'])).toMatchObject({ code: 2, err: 'scd-inbox: batch 2 (february.xlsx) is Complete: only a batch that is Held can be approved\n' });
      expect((await program.run(['process'])).code).toBe(0);
    });

    test('ends in Error when it is rejected, with its file and an answer in archive/rejected; a retry asks the guard again', async () => {
      const program = await withHeld();
      expect(await program.run(['reject', '2'])).toMatchObject({ code: 0, out: expect.stringContaining('batch 2 error  february.xlsx  held back and then rejected') });
      expect(await program.files()).toEqual(expect.arrayContaining(['archive/rejected/february.xlsx', 'archive/rejected/february.errors.xlsx']));
      expect((await program.files()).filter((name) => name.includes('held'))).toEqual([]);
      expect((await program.run(['retry', '2'])).code).toBe(3);
      expect(await program.rows(STATUS)).toEqual([{ batch_status: 'Held' }]);
      expect((await program.run(['approve', '2'])).code).toBe(0);
    });

    test('fails the rows at its approval that contradict what came meanwhile', async () => {
      const program = await withHeld();
      await program.drop('other.xlsx', sampleWorkbook('2022-02-28', [['CL-1', 'R00', 'Acme', 6, 'Cash'], ...Array.from({ length: 11 }, (_, index) => ['CL-1', `R${String(index + 1).padStart(2, '0')}`, 'Acme', 5, 'Cash'] as const)]));
      await program.run(['process']);
      expect((await program.run(['approve', '2'])).out).toContain('5 rows: 4 unchanged 1 failed  4 repeated');
      expect((await program.run(['errors', '2'])).out).toContain('found "5", but batch 3 (other.xlsx) row 2 says "6"');
    });

    test('is carried out by the daemon where one runs', async () => {
      const program = await withHeld();
      const child = program.start(['run']);
      await program.until(child, 'select 1 from node_status where pid = ?', [child.pid]);
      const { code, out } = await program.run(['approve', '2', '--json']);
      expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ batch: 2, handedToDaemon: true })]);
      await program.until(child, "select 1 from stage_batch where id = 2 and batch_status = 'Complete' and archived_path is not null");
      child.kill('SIGTERM');
      expect((await once(child, 'close'))[0]).toBe(0);
    });

    test('ends as if the command had never been killed, wherever an approval or a rejection was', async () => {
      const held = await withHeld();
      for (const [command, point, status] of [['approve', 'admit-commit', 'Complete'], ['approve', 'decided-at-once', 'Complete'], ['reject', 'archive-linked', 'Error']] as const) {
        const program = await held.copy();
        programs.push(program);
        expect((await program.run([command, '2'], { SCD_FAILPOINT: `${point}:exit` })).err).toContain(`fail point ${point}`);
        expect((await program.run(['process'])).code).toBe(status === 'Error' ? 1 : 0);
        expect(await program.rows('select batch_status, claim from stage_batch where id = 2')).toEqual([{ batch_status: status, claim: null }]);
        expect(await program.rows(ZEROS)).toHaveLength(status === 'Error' ? 0 : 7);
        expect((await program.files()).filter((name) => name.includes('held') || name.includes('.processing'))).toEqual([]);
      }
    });

    test('is not held where the guard is off, or where the account had fewer than ten items', async () => {
      const program = await create();
      await program.drop('january.xlsx', book('2022-01-28', 12));
      await program.run(['process']);
      await program.drop('february.xlsx', book('2022-02-28', 5));
      expect((await program.run(['process'], { SCD_MAX_MISSING_RATIO: 'none' })).code).toBe(0);
      const small = await create();
      await small.drop('january.xlsx', book('2022-01-28', 9));
      await small.run(['process']);
      await small.drop('february.xlsx', book('2022-02-28', 1));
      expect((await small.run(['process'])).code).toBe(0);
      expect((await small.run(['config'], { SCD_MAX_MISSING_RATIO: '2' })).err).toContain('SCD_MAX_MISSING_RATIO: expected a number from 0 to 1, or none, found 2');
    });
  });

  describe('a batch in Error', () => {
    const RATIO = { SCD_MAX_FAILURE_RATIO: '1' };

    /** A file of which every second row fails. */
    const withError = prepared(async () => {
      const program = await create();
      await program.drop('bad.xlsx', sampleWorkbook('2022-01-28', [['CL-1', 'A', 'Acme', 5, 'Cash'], ['CL-1', 'B', 'Acme', 5, 'No such term']]));
      expect((await program.run(['process'])).code).toBe(1);
      return program;
    });

    test('is read again by retry under the settings of today, keeps its number, and its file moves to where it belongs', async () => {
      const program = await withError();
      expect((await program.run(['retry', '1'])).code).toBe(1);
      const { code, out } = await program.run(['retry', '1'], RATIO);
      expect([code, out]).toEqual([0, expect.stringContaining('batch 1 complete  bad.xlsx  2 rows: 1 added 1 failed')]);
      expect(await program.rows('select id, batch_status, attempts, retried_at is not null as retried from stage_batch')).toEqual([{ id: 1, batch_status: 'Complete', attempts: 1, retried: 1 }]);
      const files = (await program.files()).filter((name) => name.startsWith('archive/'));
      expect(files).toEqual([expect.stringMatching(/^archive\/processed\/.*\/bad\.errors\.xlsx$/u), expect.stringMatching(/^archive\/processed\/.*\/bad\.xlsx$/u), 'archive/rejected/bad.errors.xlsx']);
      expect(await program.run(['retry', '1'])).toMatchObject({ code: 2, err: 'scd-inbox: batch 1 (bad.xlsx) is Complete: only a batch in Error can be retried\n' });
    });

    test('is not retried from a file that is gone or is another one by now', async () => {
      const program = await withError();
      await writeFile(join(program.folder, 'archive/rejected/bad.xlsx'), 'mended in place');
      expect((await program.run(['retry', '1'])).err).toContain('its content has changed; drop it into the inbox as a file of its own');
      expect((await program.run(['retry', '7'])).err).toBe('scd-inbox: there is no batch 7; scd-inbox batches lists them\n');
      expect(await program.rows('select batch_status from stage_batch')).toEqual([{ batch_status: 'Error' }]);
    });

    test('ends as if it had never been killed, wherever its retry was killed', async () => {
      for (const point of ['chunk-staged', 'decided-at-once', 'archived']) {
        const program = await withError();
        expect((await program.run(['retry', '1'], { ...RATIO, SCD_FAILPOINT: `${point}:exit` })).err).toContain(`fail point ${point}`);
        expect((await program.run(['process'], RATIO)).code).toBe(0);
        expect(await program.rows('select batch_status, claim from stage_batch')).toEqual([{ batch_status: 'Complete', claim: null }]);
        expect((await program.files()).filter((name) => name.endsWith('bad.xlsx'))).toEqual([expect.stringMatching(/^archive\/processed\//u)]);
        expect(await program.rows('select 1 from master_record where not is_deleted')).toHaveLength(1);
      }
    });

    test('is retried by the daemon where one runs', async () => {
      const program = await withError();
      const child = program.start(['run'], RATIO);
      await program.until(child, 'select 1 from node_status where pid = ?', [child.pid]);
      expect((await program.run(['retry', '1'])).out).toContain('batch 1 begun anew: the daemon that takes files in for this database carries it out');
      await program.until(child, "select 1 from stage_batch where batch_status = 'Complete' and claim is null");
      child.kill('SIGTERM');
      await once(child, 'close');
    });
  });
});
