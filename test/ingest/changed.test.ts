import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../../src/service/daemon.js';
import { ENGINES } from '../support/engines.js';
import { rememberingLog, unexpected } from '../support/pass.js';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { HEADINGS } from '../support/workbooks.js';
import { defaults } from '../support/world.js';

describe.each(ENGINES)('on $name', (engine) => {
  test('a file whose writer pauses, and goes on while it is read, ends in Error instead of being loaded in part', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scd-changed-'));
    const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), database: await engine.create(), settleMs: 1 };
    await mkdir(settings.inbox);
    const line = (number: number): string => `2022-01-28,CL-1,R${number},Acme,1,Cash\n`;
    await writeFile(join(settings.inbox, 'slow.csv'), `${HEADINGS.join(',')}\n${line(1)}`);
    const lines: string[] = [];
    let isFirst = true;
    const daemon = await Daemon.open(settings, rememberingLog(lines), {
      onFatal: unexpected,
      onRows: () => {
        if (isFirst) appendFileSync(processing(settings.inbox), line(2));
        isFirst = false;
      },
    });
    await daemon.runOnce();
    expect(lines.join('\n')).toContain('batch 1 error  slow.csv  somebody wrote to it while it was read, so that rows may be missing; nothing was loaded from it. Drop it again when it is closed');
    expect(await readFile(join(settings.archive, 'rejected', 'slow.csv'), 'utf8')).toContain('R2');
    await writeFile(join(settings.inbox, 'slow.csv'), await readFile(join(settings.archive, 'rejected', 'slow.csv')));
    await daemon.runOnce();
    expect(lines.join('\n')).toContain('batch 2 complete  slow.csv  2 rows: 2 added 0 failed');
    await daemon.close();
    await engine.remove(settings.database);
    await rm(folder, { recursive: true });
  });

  describe('a file that is written to after it was read', () => {
    const csv = (...references: readonly string[]): string => `${HEADINGS.join(',')}\n${references.map((reference) => `2022-01-28,CL-1,${reference},Acme,1,Cash\n`).join('')}`;
    const LATE = /batch 1: somebody wrote to slow\.csv after it was read: what was written then is not loaded\. Once its writer has closed it, drop (\S+) again; rows that are on record already count as repeated/u;
    let program: Program;
    beforeEach(async () => {
      program = await Program.create({ SCD_SETTLE_MS: '1' }, undefined, engine);
      await mkdir(program.inbox);
    });
    afterEach(async () => program.close());

    test('by a writer that has it open is archived as it is, and whoever looks is told what is missing and how to get it in', async () => {
      await program.drop('slow.csv', Buffer.from(csv('R1')));
      const writer = await open(join(program.inbox, 'slow.csv'), 'a');
      const running = new Running(program.start(['process'], { SCD_FAILPOINT: 'account-commit:stop' }));
      await running.says(/fail point account-commit/u);
      await writer.write(csv('R2').split('\n').slice(1).join('\n'));
      expect(await running.goOn()).toBe(0);
      await writer.close();
      const archived = LATE.exec(running.said)![1]!;
      expect(await readFile(archived, 'utf8')).toBe(csv('R1', 'R2'));
      expect(await readFile(`${archived}.txt`, 'utf8')).toMatch(LATE);
      expect(await program.rows('select batch_status, total_count from stage_batch')).toEqual([{ batch_status: 'Complete', total_count: 1 }]);
      await program.drop('slow.csv', await readFile(archived));
      expect((await program.run(['process'])).out).toContain('batch 2 complete  slow.csv  2 rows: 1 added 1 unchanged 0 failed  1 repeated');
    });

    test.each([['written to', csv('R1', 'R2'), true], ['only touched', csv('R1'), false]])('while the program is down, or %s', async (_, text, isLate) => {
      await program.drop('slow.csv', Buffer.from(csv('R1')));
      expect((await program.run(['process'], { SCD_FAILPOINT: 'decided-at-once:exit' })).code).toBe(null);
      await writeFile(processing(program.inbox), text);
      const { code, out } = await program.run(['process']);
      expect([code, LATE.test(out)]).toEqual([0, isLate]);
      expect((await program.files()).filter((name) => name.endsWith('.txt'))).toHaveLength(isLate ? 1 : 0);
    });
  });

  describe('a file that is not there any more when its rows are read', () => {
    const csv = (reference: string): Buffer => Buffer.from(`${HEADINGS.join(',')}\n2022-01-28,CL-1,${reference},Acme,1,Cash\n`);
    const LONG_AGO = new Date('2022-01-28T00:00:00Z');
    let program: Program;
    beforeEach(async () => {
      program = await Program.create({ SCD_SETTLE_MS: '1' }, undefined, engine);
      await mkdir(program.inbox);
    });
    afterEach(async () => program.close());

    /** Takes a file in; something happens to it while its rows are staged. */
    async function takeIn(happens: (claimed: string) => Promise<void>): Promise<unknown[]> {
      await program.drop('a.csv', csv('R1'));
      await utimes(join(program.inbox, 'a.csv'), LONG_AGO, LONG_AGO);
      const running = new Running(program.start(['process'], { SCD_FAILPOINT: 'chunk-staged:stop:1' }));
      await running.says(/fail point chunk-staged/u);
      await happens(processing(program.inbox));
      expect(await running.goOn()).toBe(1);
      expect(await program.rows('select 1 from master_record')).toEqual([]);
      await program.run(['process']);
      return program.rows('select batch_status, error, claim is null as done from stage_batch');
    }

    test('because somebody took it away loads nothing: what is on record has its file in the archive', async () => {
      expect(await takeIn(async () => rm(join(program.inbox, '.processing'), { recursive: true }))).toEqual([
        { batch_status: 'Error', error: 'the file was taken away while it was worked on; drop it again', done: 1 },
      ]);
      await program.drop('a.csv', csv('R1'));
      expect((await program.run(['process'])).out).toContain('batch 1 complete  a.csv  1 row: 1 added 0 failed');
    });

    test('because another one has its name loads nothing, though that is as long and as old', async () => {
      expect(await takeIn(async (claimed) => {
        const other = join(program.folder, 'other.csv');
        await writeFile(other, csv('R2'));
        await utimes(other, LONG_AGO, LONG_AGO);
        await rename(other, claimed);
      })).toEqual([{ batch_status: 'Error', error: expect.stringContaining('somebody wrote to it while it was read'), done: 1 }]);
      expect(await readFile(join(program.archive, 'rejected', 'a.csv'))).toEqual(csv('R2'));
    });
  });
});

/** The one file that is claimed. */
function processing(inbox: string): string {
  return readdirSync(join(inbox, '.processing'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.csv')).map((name) => join(inbox, '.processing', name))[0]!;
}
