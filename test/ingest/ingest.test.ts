import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { IngestError, type ErrorCode } from '../../src/errors.js';
import type { Claim } from '../../src/inbox/claim.js';
import { adoptPolicy } from '../../src/ingest/adopt-policy.js';
import type { Context } from '../../src/ingest/context.js';
import { approveBatch, rejectBatch } from '../../src/ingest/decide.js';
import { ingestFile, resumeBatch } from '../../src/ingest/ingest.js';
import { Lane } from '../../src/ingest/lane.js';
import { findBatch } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { WorkbookReader } from '../../src/workbook/reader.js';
import { ENGINES } from '../support/engines.js';
import { rememberingLog } from '../support/pass.js';
import { HEADINGS } from '../support/workbooks.js';
import { defaults } from '../support/world.js';

/** What becomes of a file, also where reading it goes wrong: real files in a real reader, which meets behind the rows what a test says. */

const threads = new WorkbookReader({ threads: 1, heapMiB: 256 });
afterAll(async () => threads.close());

describe.each(ENGINES)('on $name', (engine) => {
  let folder: string;
  let url: string;
  let database: Database;
  let context: Context;
  let lines: string[];
  let stop: AbortController;
  /** What reading meets behind its rows. */
  let meets: () => Promise<void>;
  /** The rows of the next files: account, reference, amount. */
  let rows: readonly (readonly [string, string, number])[];
  let date: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scd-ingest-'));
    await mkdir(join(folder, 'inbox'));
    const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), maxMissingRatio: 0.5 };
    url = await engine.create();
    database = await Database.open(url);
    [lines, stop, meets] = [[], new AbortController(), async () => undefined];
    [date, rows] = ['2022-01-28', [['CL-1', 'a', 1], ['CL-1', 'b', 2]]];
    const reader = {
      read: async (...task: Parameters<WorkbookReader['read']>) => {
        const summary = await threads.read(...task);
        await meets();
        return summary;
      },
      writeAnswer: threads.writeAnswer.bind(threads),
    } as Context['reader'];
    context = {
      settings, database, reader, policy: (await adoptPolicy(database, settings)).policy, log: rememberingLog(lines), clock: Date.now,
      pardoned: new Set(), lane: new Lane(), signal: stop.signal,
    };
  });
  afterEach(async () => {
    await database.close();
    await engine.remove(url);
    await rm(folder, { recursive: true });
  });

  /** A file of the rows; its token stands in a column that is not read. */
  function csvOf(token: string): string {
    const lines = rows.map(([account, reference, amount]) => [date, account, reference, 'Acme', amount, 'Cash', token]);
    return [[...HEADINGS, 'Remark'], ...lines].map((cells) => `${cells.join(',')}\n`).join('');
  }

  async function claimed(token: string): Promise<Claim> {
    const path = join(context.settings.inbox, '.processing', token, `${token}.csv`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, csvOf(token));
    return { token, name: `${token}.csv`, path };
  }

  async function take(token: string): Promise<StageBatch> {
    return ingestFile(context, await claimed(token));
  }

  /** How a batch stands, with the number of its rows that lie in the database. */
  async function standing(id = 1): Promise<object> {
    const [staged] = await database.reader.rows<{ count: number }>('select count(*) as count from stage_record where batch_id = ?', [id]);
    const { batch_status: status, error, claim } = (await findBatch(database.reader, id))!;
    return { status, error, isClaimed: claim !== null, rows: staged!.count };
  }

  const failing = (code: ErrorCode, retryable = false) => async (): Promise<never> => { throw new IngestError(code, `${code} it is`, { retryable }); };
  const archived = async (): Promise<string[]> => (await readdir(context.settings.archive, { recursive: true })).filter((name) => /\.\w+$/u.test(name)).sort();

  describe('a file whose reading fails', () => {
    test('through its own fault ends in Error, loads nothing, and its sender finds the reason beside it', async () => {
      meets = failing('malformed');
      await take('bad');
      expect(await standing()).toEqual({ status: 'Error', error: 'malformed it is', isClaimed: false, rows: 0 });
      expect(await archived()).toEqual(['rejected/bad.csv', 'rejected/bad.csv.txt']);
      expect(await readFile(join(context.settings.archive, 'rejected', 'bad.csv.txt'), 'utf8')).toBe('bad.csv\n\nmalformed it is\n');
    });

    test.each([['disk', false], ['database', false], ['lost', false], ['io', true]] as const)(
      'through its surroundings (%s) is not blamed: it stays claimed, and a later try ends it', async (code, retryable) => {
        meets = failing(code, retryable);
        await expect(take('good')).rejects.toThrow(`${code} it is`);
        expect(await standing()).toMatchObject({ status: 'In Progress', isClaimed: true });
        meets = async () => undefined;
        await resumeBatch(context, (await findBatch(database.reader, 1))!, await claimed('good'));
        expect(await standing()).toEqual({ status: 'Complete', error: null, isClaimed: false, rows: 2 });
      });

    test('because the program is told to stop is not blamed, whatever the error says', async () => {
      meets = async () => { stop.abort(); return failing('malformed')(); };
      await expect(take('good')).rejects.toThrow('malformed it is');
      expect(await standing()).toMatchObject({ status: 'In Progress', isClaimed: true });
    });

    test('in a way that nobody foresaw is set aside, and the log has the details', async () => {
      meets = async () => { throw new TypeError('x is not a function'); };
      await take('odd');
      expect(await standing()).toMatchObject({ status: 'Error', error: 'internal error: x is not a function; the file is set aside, the log has the details' });
      expect(lines).toContain('internal error: x is not a function');
    });

    test('in such a way in the reading thread, too, is set aside as that, and the log has the stack of the thread', async () => {
      const told: unknown[] = [];
      const log = { ...context.log, error: (_event: string, _message: string, fields?: object): void => { told.push(fields); } };
      context = { ...context, log, settings: { ...context.settings, headings: null as never } };
      await take('odd');
      expect(await standing()).toMatchObject({ status: 'Error', error: expect.stringMatching(/^internal error: .*; the file is set aside, the log has the details$/u) });
      expect(told).toEqual([{ stack: expect.stringContaining('workbook/') }]);
    });

    test('while somebody deletes its batch stays deleted', async () => {
      meets = async () => {
        await database.write(async (tx) => tx.rows("update stage_batch set batch_status = 'Deleted' where id = 1"));
        return failing('malformed')();
      };
      await take('deleted');
      expect(await standing()).toMatchObject({ status: 'Deleted', error: null });
    });

    test('because it is written to meanwhile loads nothing of it', async () => {
      meets = async () => appendFile(join(context.settings.inbox, '.processing', 'slow', 'slow.csv'), 'more');
      await take('slow');
      expect(await standing()).toMatchObject({ status: 'Error', error: expect.stringContaining('somebody wrote to it while it was read'), rows: 0 });
    });
  });

  describe('a file that is read', () => {
    test.each([['one account', 'CL-1'], ['several accounts', 'CL-2']])('of %s is loaded and archived, and what its reader noticed is in the log', async (_, account) => {
      rows = [['CL-1', 'a', 1], [account, 'b', 2]];
      expect(await take('good')).toMatchObject({ batch_status: 'Complete', total_count: 2, add_count: 2 });
      expect(await archived()).toEqual([expect.stringMatching(/^processed\/.*good\.csv$/u)]);
      expect(lines).toEqual(['batch 1  good.csv: columns not read: "Remark"', expect.stringMatching(/^batch 1 complete {2}good\.csv {2}2 rows: 2 added 0 failed/u)]);
    });

    test('and has the content of another ends as its Duplicate, which names it', async () => {
      await take('good');
      const copy = await claimed('copy');
      await writeFile(copy.path, csvOf('good'));
      expect(await ingestFile(context, copy)).toMatchObject({ id: 2, batch_status: 'Duplicate', duplicate_of: 1, error: 'the same content as batch 1 (good.csv); nothing was loaded from it' });
      expect(await archived()).toEqual([expect.stringMatching(/good\.csv$/u), 'rejected/copy.csv', 'rejected/copy.csv.txt']);
    });

    test('and dropped again behind its Error is tried again as the batch that it was', async () => {
      meets = failing('malformed');
      await take('bad');
      meets = async () => undefined;
      expect(await take('bad')).toMatchObject({ id: 1, batch_status: 'Complete', attempts: 1, add_count: 2 });
    });

    test('anew, and was written to since it was claimed, loads nothing: its batch is of other bytes', async () => {
      meets = failing('io', true);
      await expect(take('late')).rejects.toThrow('io it is');
      meets = async () => undefined;
      const claim = await claimed('late');
      await appendFile(claim.path, `${date},CL-1,c,Acme,3,Cash,late\n`);
      await resumeBatch(context, (await findBatch(database.reader, 1))!, claim);
      expect(await standing()).toEqual({ status: 'Error', error: 'somebody wrote to it after it was claimed; nothing was loaded from it. Drop it again when it is closed', isClaimed: false, rows: 0 });
    });

    test('and taken away before it could be moved is on record, and the log says that it is lost', async () => {
      meets = failing('io', true);
      await expect(take('gone')).rejects.toThrow('io it is');
      await resumeBatch(context, (await findBatch(database.reader, 1))!, undefined);
      expect(await standing()).toEqual({ status: 'Error', error: 'the file was taken away while it was worked on; drop it again', isClaimed: false, rows: 0 });
      expect(lines).toContain('batch 1: its file is neither in the inbox\'s .processing nor in the archive; what it said is in the database, the file itself was taken away');
    });

    test('again and again interrupts the program is refused after so many attempts', async () => {
      meets = failing('io', true);
      await expect(take('poison')).rejects.toThrow('io it is');
      await database.write(async (tx) => tx.rows('update stage_batch set attempts = ?', [context.settings.maxAttempts]));
      await resumeBatch(context, (await findBatch(database.reader, 1))!, await claimed('poison'));
      expect(await standing()).toMatchObject({ status: 'Error', error: expect.stringMatching(/^could not be read in 3 attempts, each of which interrupted the program or its reading thread; the file is set aside\. Open it/u), rows: 0 });
    });
  });

  describe('a file that the guard holds back', () => {
    const held = async (): Promise<StageBatch> => (await findBatch(database.reader, 2))!;
    beforeEach(async () => {
      rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'].map((reference) => ['CL-1', reference, 1] as const);
      await take('first');
      [date, rows] = ['2022-02-28', [['CL-1', 'a', 1]]];
      await take('short');
    });

    test('waits in the inbox with a note in the archive; approved it is loaded, and the note is gone', async () => {
      expect(await standing(2)).toMatchObject({ status: 'Held', isClaimed: true, rows: 1 });
      expect(await archived()).toContain('held/short (batch 2).csv.txt');
      expect(await readFile(join(context.settings.archive, 'held', 'short (batch 2).csv.txt'), 'utf8')).toMatch(/^short\.csv\n\nbatch 2 is held back: it \S/u);
      expect(lines.at(-1)).toMatch(/^batch 2 held {2}short\.csv/u);
      await approveBatch(database, 2);
      await resumeBatch(context, await held(), await claimed('short'));
      expect(await standing(2)).toEqual({ status: 'Complete', error: null, isClaimed: false, rows: 1 });
      expect((await archived()).filter((name) => name.startsWith('held'))).toEqual([]);
    });

    test('is rejected where somebody says so', async () => {
      await rejectBatch(database, 2);
      await resumeBatch(context, await held(), await claimed('short'));
      expect(await standing(2)).toMatchObject({ status: 'Error', error: 'held back and then rejected (scd-inbox reject): nothing was loaded', isClaimed: false, rows: 1 });
      expect(await archived()).toEqual(expect.arrayContaining(['rejected/short.csv', 'rejected/short.errors.xlsx']));
    });

    test('and lies out of reach is decided here, and stays claimed for the node that reaches it', async () => {
      await approveBatch(database, 2);
      await resumeBatch(context, await held(), undefined, true);
      expect(await standing(2)).toMatchObject({ status: 'Complete', isClaimed: true });
    });

    test('is left standing, and says so, after so many attempts that interrupted the program', async () => {
      await approveBatch(database, 2);
      await database.write(async (tx) => tx.rows('update stage_batch set attempts = ?, error = null where id = 2', [context.settings.maxAttempts]));
      await expect(resumeBatch(context, await held(), await claimed('short'))).rejects.toThrow(/^each of 3 attempts to go on with it interrupted the program$/u);
      expect(await standing(2)).toMatchObject({ status: 'Held', isClaimed: true });
    });
  });
});
