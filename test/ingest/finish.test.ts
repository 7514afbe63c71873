import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Claim } from '../../src/inbox/claim.js';
import { lookAt } from '../../src/inbox/files.js';
import { sha256 } from '../../src/inbox/hash.js';
import type { Context } from '../../src/ingest/context.js';
import { findFinished, finishBatch } from '../../src/ingest/finish.js';
import { addBatch, findBatch } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { ENGINES } from '../support/engines.js';
import { defaults } from '../support/world.js';

/** The last step of a file: where it goes, what is laid beside it, what the log says, and what a kill in between leaves. */

describe.each(ENGINES)('on $name', (engine) => {
  let folder: string;
  let url: string;
  let database: Database;
  let context: Context;
  let said: [level: string, event: string, message: string, fields: object | undefined][];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scd-finish-'));
    const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive') };
    await mkdir(settings.inbox);
    url = await engine.create();
    database = await Database.open(url);
    said = [];
    const to = (level: string) => (event: string, message: string, fields?: object): void => { said.push([level, event, message, fields]); };
    const log = { error: to('error'), warn: to('warn'), info: to('info'), debug: to('debug'), close: async () => undefined };
    context = { settings, database, log } as unknown as Context;
  });
  afterEach(async () => {
    await database.close();
    await engine.remove(url);
    await rm(folder, { recursive: true });
  });

  const PROCESSED = 'processed/2022/01';
  const archived = async (): Promise<string[]> =>
    (await readdir(join(folder, 'archive'), { recursive: true }).catch(() => [])).filter((name) => /\.\w+$/u.test(name)).sort();
  const read = async (name: string): Promise<string> => readFile(join(folder, 'archive', name), 'utf8');

  /** A claimed file, as it looked before it was read. */
  async function claimed(token = 'one'): Promise<Claim> {
    const path = join(context.settings.inbox, '.processing', token, 'a.csv');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'what was read');
    return { token, name: 'a.csv', path, looked: await lookAt(path) };
  }

  /** A batch that was decided, of the content that `claimed` has. */
  async function decided(status: StageBatch['batch_status'], says: Partial<Record<keyof StageBatch, unknown>> = {}): Promise<StageBatch> {
    const hash = await sha256((await claimed('model')).path);
    const { id } = await database.write(async (tx) => addBatch(tx, { filename: 'a.csv', hash, claim: 'one', status: 'In Progress' }));
    const columns = { batch_status: status, end_date: '2022-01-28T10:00:00.000Z', total_count: 2, ...says };
    for (const [column, value] of Object.entries(columns)) {
      await database.write(async (tx) => tx.rows(`update stage_batch set ${column} = ? where id = ?`, [value, id]));
    }
    return (await findBatch(database.reader, id))!;
  }

  describe('a file whose batch has ended', () => {
    test.each([
      ['Complete', {}, `${PROCESSED}/a.csv`, [], 'info', /^batch 1 complete {2}a\.csv {2}2 rows/u],
      ['Error', { error: 'no rows' }, 'rejected/a.csv', ['rejected/a.csv.txt'], 'warn', /^batch 1 error {2}a\.csv {2}no rows/u],
      ['Duplicate', { error: 'the same as batch 9' }, 'rejected/a.csv', ['rejected/a.csv.txt'], 'info', /^batch 1 duplicate {2}a\.csv/u],
      ['Deleted', {}, 'rejected/a.csv', ['rejected/a.csv.txt'], 'info', /^batch 1 deleted {2}a\.csv/u],
    ] as const)('%s is archived, marked, and told once', async (status, says, place, beside, level, line) => {
      const marked = await finishBatch(context, await decided(status, says), await claimed());
      const path = join(folder, 'archive', place);
      expect(marked).toMatchObject({ archived_path: path, claim: null });
      expect(await archived()).toEqual([place, ...beside]);
      expect(said).toEqual([[level, 'batch', expect.stringMatching(line), { batch: 1, file: 'a.csv', status, rows: 2, archived: path }]]);
      expect(await readdir(join(context.settings.inbox, '.processing'))).toEqual(['model']);
    });

    test('gets the number of its batch where its name is taken', async () => {
      for (let time = 1; time <= 2; time += 1) await finishBatch(context, await decided('Error', { error: 'no rows' }), await claimed());
      expect(await archived()).toEqual(['rejected/a (batch 2).csv', 'rejected/a (batch 2).csv.txt', 'rejected/a.csv', 'rejected/a.csv.txt']);
    });

    test('and that is nowhere is marked without a place, and told as lost beside its outcome', async () => {
      expect(await finishBatch(context, await decided('Complete'), undefined)).toMatchObject({ archived_path: null, claim: null });
      const fields = { batch: 1, file: 'a.csv', status: 'Complete', rows: 2, archived: null };
      expect(said).toEqual([
        ['error', 'file-lost', expect.stringContaining('batch 1: its file is neither in the inbox\'s .processing nor in the archive'), fields],
        ['info', 'batch', expect.stringMatching(/^batch 1 complete/u), fields],
      ]);
    });
  });

  describe('a batch that has not ended', () => {
    test.each(['In Progress', 'Ready'] as const)('%s keeps its file and is told nothing of', async (status) => {
      const batch = await decided(status);
      expect(await finishBatch(context, batch, await claimed())).toBe(batch);
      expect([await archived(), said]).toEqual([[], []]);
    });

    test('but is held back keeps its file, a note lies in the archive and the log says it; it goes with the verdict', async () => {
      const batch = await decided('Held', { error: 'would zero 9 of 10 items' });
      const claim = await claimed();
      expect(await finishBatch(context, batch, claim)).toBe(batch);
      const [note] = await archived();
      expect(await read(note!)).toBe('a.csv\n\nbatch 1 is held back: it would zero 9 of 10 items\n');
      expect(said).toEqual([['warn', 'batch', expect.stringMatching(/^batch 1 held {2}a\.csv/u), { batch: 1, file: 'a.csv', status: 'Held', rows: 2 }]]);
      await finishBatch(context, { ...batch, batch_status: 'Complete' }, claim);
      expect(await archived()).toEqual([`${PROCESSED}/a.csv`]);
    });
  });

  describe('a file that was moved before a kill, and not marked', () => {
    test.each([
      ['Complete', PROCESSED, 'a.csv'], ['Complete', PROCESSED, 'a (batch 1).csv'], ['Error', 'rejected', 'a.csv'],
      ['Deleted', PROCESSED, 'a.csv'], ['Deleted', 'rejected', 'a.csv'],
    ] as const)('%s is found in %s as %s, and stays there', async (status, place, name) => {
      const batch = await decided(status);
      const path = join(folder, 'archive', place, name);
      await mkdir(dirname(path), { recursive: true });
      await rename((await claimed()).path, path);
      expect(await findFinished(context, batch)).toBe(path);
      expect(await finishBatch(context, batch, undefined)).toMatchObject({ archived_path: path });
      expect(said.map(([, event]) => event)).toEqual(['batch']);
    });

    test('is not that of another batch, nor one of other bytes, nor one whose batch has not ended', async () => {
      await finishBatch(context, await decided('Error'), await claimed());
      const same = await decided('Error');
      expect(await findFinished(context, same)).toBeUndefined();
      await writeFile(join(folder, 'archive', 'rejected', 'b.csv'), 'other bytes');
      expect(await findFinished(context, { ...same, filename: 'b.csv' })).toBeUndefined();
      await database.write(async (tx) => tx.rows('update stage_batch set archived_path = null'));
      expect(await findFinished(context, same)).toBe(join(folder, 'archive', 'rejected', 'a.csv'));
      for (const status of ['Held', 'Ready', 'In Progress'] as const) expect(await findFinished(context, { ...same, batch_status: status })).toBeUndefined();
      // One that never ended otherwise was never in `processed`.
      expect(await findFinished(context, { ...same, batch_status: 'Deleted', end_date: null })).toBe(join(folder, 'archive', 'rejected', 'a.csv'));
    });
  });

  describe('a file that somebody wrote to after it was read', () => {
    const LATE = /^batch 1: somebody wrote to a\.csv after it was read: what was written then is not loaded\. Once its writer has closed it, drop .*a\.csv again; rows that are on record already count as repeated$/u;
    const late = async (status: StageBatch['batch_status'], says = {}, looked?: 'resumed'): Promise<void> => {
      const batch = await decided(status, says);
      const claim = await claimed();
      await appendFile(claim.path, ', and more');
      await finishBatch(context, batch, looked === 'resumed' ? { ...claim, looked: undefined } : claim);
    };

    test.each([['at once', undefined], ['behind a kill', 'resumed']] as const)('is told of, in the log and beside it, %s', async (_, looked) => {
      await late('Complete', {}, looked);
      const path = join(folder, 'archive', PROCESSED, 'a.csv');
      expect(said[0]).toEqual(['warn', 'written-late', expect.stringMatching(LATE), { batch: 1, file: 'a.csv', archived: path }]);
      expect(await read(`${PROCESSED}/a.csv.txt`)).toMatch(/^a\.csv\n\nbatch 1: somebody wrote to a\.csv after it was read/u);
    });

    test('is told of where it is a Duplicate, too', async () => {
      await late('Duplicate', { error: 'the same' });
      expect(said.map(([, event]) => event)).toEqual(['written-late', 'batch']);
    });

    test.each([['that is refused', 'Error', {}], ['that could never be read', 'Complete', { file_hash: null }]] as const)('%s is not: nothing of it counts', async (_, status, says) => {
      await late(status, says);
      expect(said.map(([, event]) => event)).toEqual(['batch']);
    });

    test.each([['touched', true], ['left alone', false]])('is not one that was only %s', async (_, isTouched) => {
      const batch = await decided('Complete');
      const claim = await claimed();
      if (isTouched) await utimes(claim.path, 1, 1);
      await finishBatch(context, batch, claim);
      expect(said.map(([, event]) => event)).toEqual(['batch']);
    });
  });
});
