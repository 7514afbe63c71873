import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isPostgres } from '../../src/config/database-url.js';
import { nodeName } from '../../src/config/node.js';
import { archive, processedFolder } from '../../src/inbox/archive.js';
import type { Claim } from '../../src/inbox/claim.js';
import { sha256 } from '../../src/inbox/hash.js';
import { admitBatch } from '../../src/ingest/admit.js';
import { adoptPolicy } from '../../src/ingest/adopt-policy.js';
import { applyBatch } from '../../src/ingest/apply.js';
import type { Context } from '../../src/ingest/context.js';
import { Lane } from '../../src/ingest/lane.js';
import { openBatch } from '../../src/ingest/open.js';
import { stageFile } from '../../src/ingest/stage.js';
import { findBatch } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { Store } from '../../src/store/rehearsal.js';
import { WorkbookReader, type ReadSummary } from '../../src/workbook/reader.js';
import { ENGINES, type Engine } from '../support/engines.js';
import { Pass, rememberingLog } from '../support/pass.js';
import { bookOf, HEADINGS } from '../support/workbooks.js';

/** Every place in which a kill can leave a file, and that the next look takes it up from there: DESIGN's table. */

const row = (account: string, reference: string, amount: unknown): unknown[] => ['2022-01-28', account, reference, 'Acme', amount, 'Cash'];
const FILE = bookOf([HEADINGS, row('CL-1', 'A', 1), row('CL-2', 'B', 2), row('CL-2', 'C', 'n/a'), row('CL-3', 'D', 4)]);
const SETTINGS = { maxFailureRatio: 0.5 };

/** What is left to be compared: instants, attempts and the paths of this run are its own. */
interface Whole {
  readonly batches: unknown;
  readonly rows: unknown;
  readonly chains: unknown;
  readonly archive: readonly string[];
}

let calm: Whole;
const passes: Pass[] = [];
afterEach(async () => {
  for (const pass of passes.splice(0)) await pass.close();
});
const expectArchived = (): void => expect(calm.archive.map((name) => name.replace(/\d{4}\/\d{2}/u, 'YYYY/MM'))).toEqual(['processed/YYYY/MM/file.errors.xlsx', 'processed/YYYY/MM/file.xlsx']);

let engine: Engine;

async function create(): Promise<Pass> {
  const pass = await Pass.create(SETTINGS, engine);
  passes.push(pass);
  return pass;
}

async function wholeOf(pass: Pass): Promise<Whole> {
  return {
    batches: (await pass.rows<Record<string, unknown>>('select * from stage_batch order by id'))
      .map(({ start_date, end_date, archived_path, attempts: _attempts, owner: _owner, ...batch }) => ({ ...batch, hasEnded: end_date !== null, isArchived: archived_path !== null, hasBegun: start_date !== null })),
    rows: (await pass.rows<Record<string, unknown>>('select * from stage_record order by id')).map(({ id: _id, insert_date: _at, ...record }) => record),
    chains: (await pass.rows<Record<string, unknown>>('select * from master_record order by id')).map(({ id: _id, last_updated: _at, ...version }) => version),
    archive: await pass.archived(),
  };
}

/** The steps of a file, taken one by one; whoever stops between two of them was killed there. */
class Steps {
  private constructor(readonly context: Context, readonly claim: Claim, private readonly database: Database) {}
  private id = 0;
  private read: ReadSummary | undefined;

  static async begin({ settings }: Pass): Promise<Steps> {
    const claim = { token: 'token', name: 'file.xlsx', path: join(settings.inbox, '.processing', 'token', 'file.xlsx') };
    await mkdir(dirname(claim.path), { recursive: true });
    await writeFile(claim.path, FILE);
    const database = await Database.open(settings.database);
    const { policy } = await adoptPolicy(database, settings);
    return new Steps({
      settings, database, policy, log: rememberingLog([]), clock: Date.now, pardoned: new Set(), lane: new Lane(),
      reader: new WorkbookReader({ threads: 1, heapMiB: 256 }), signal: new AbortController().signal,
    }, claim, database);
  }

  async open(): Promise<void> {
    const hash = await sha256(this.claim.path);
    const { database, settings } = this.context;
    const owner = isPostgres(settings.database) ? nodeName(settings) : undefined;
    this.id = (await database.write(async (tx) => openBatch(tx, { filename: 'file.xlsx', hash, claim: 'token', owner }))).id;
  }

  async stage(): Promise<void> {
    this.read = await stageFile(this.context, this.id, this.claim.path, 'file.xlsx');
  }

  async loseHalfOfTheRows(): Promise<void> {
    await this.context.database.write(async (tx) => tx.rows('delete from stage_record where row_number > 3'));
  }

  async admit(): Promise<void> {
    await this.context.database.write(async (tx) => admitBatch(tx, this.id, this.read!, this.context.settings));
  }

  /** Applies to so many accounts; the transaction of the next is rolled back, as a kill does it. */
  async apply(accounts: number): Promise<void> {
    const { database } = this.context;
    let written = 0;
    const interrupted: Store = {
      reader: database.reader,
      writesAtOnce: 1,
      write: async (work) => database.write(async (tx) => {
        const result = await work(tx);
        if ((written += 1) > accounts) throw new Error('killed');
        return result;
      }),
    };
    await applyBatch(interrupted, this.id, this.context.policy).catch(() => undefined);
  }

  async move(): Promise<void> {
    const batch = (await findBatch(this.context.database.reader, this.id))!;
    await archive(this.claim.path, processedFolder(this.context.settings.archive, batch.end_date!), 'file.xlsx', `batch ${this.id}`);
  }

  async end(): Promise<void> {
    await this.context.reader.close();
    await this.database.close();
  }
}

/** What the daemon makes of a world in which a file was left behind some steps. */
async function recovered(take: (steps: Steps) => Promise<void>): Promise<{ pass: Pass; whole: Whole }> {
  const pass = await create();
  const steps = await Steps.begin(pass);
  await take(steps);
  await steps.end();
  await pass.look();
  return { pass, whole: await wholeOf(pass) };
}

describe.each(ENGINES)('a file that a kill left on $name', (each) => {
  beforeAll(async () => {
    engine = each;
    const pass = await create();
    await pass.take('file.xlsx', FILE);
    calm = await wholeOf(pass);
    expectArchived();
  });

  const places: Record<string, (steps: Steps) => Promise<void>> = {
    'claimed without a batch': async () => undefined,
    'with a batch and no rows': async (steps) => steps.open(),
    'staged by half': async (steps) => { await steps.open(); await steps.stage(); await steps.loseHalfOfTheRows(); },
    'staged and not admitted': async (steps) => { await steps.open(); await steps.stage(); },
    'admitted and not applied': async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); },
    'applied to one account of three': async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(1); },
    'applied to all accounts and not complete': async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(3); },
    'complete and not moved': async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(4); },
    'moved and not marked': async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(4); await steps.move(); },
  };

  test.each(Object.keys(places))('%s ends as if nothing had happened', async (place) => {
    const { whole, pass } = await recovered(places[place]!);
    expect(whole).toEqual(calm);
    expect(pass.lines.filter((line) => /^batch 1 complete/u.test(line))).toHaveLength(1);
  });

  test('with rows that were applied already does not apply them again', async () => {
    const { whole } = await recovered(async (steps) => { await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(2); });
    expect(whole.chains).toHaveLength(3);
    expect(whole.batches).toMatchObject([{ add_count: 3, success_count: 3, failure_count: 1 }]);
  });

  test('with a batch and gone since ends in Error and says so; dropped again it is read', async () => {
    const { pass } = await recovered(async (steps) => { await steps.open(); await rm(dirname(steps.claim.path), { recursive: true }); });
    expect(await pass.rows('select batch_status, error, archived_path from stage_batch')).toEqual([
      { batch_status: 'Error', error: 'the file was taken away while it was worked on; drop it again', archived_path: null },
    ]);
    expect(await pass.take('again.xlsx', FILE)).toMatchObject({ id: 1, batch_status: 'Complete', success_count: 3 });
  });

  test('complete and gone since stays Complete, and the log says that the file is lost', async () => {
    const { pass, whole } = await recovered(async (steps) => {
      await steps.open(); await steps.stage(); await steps.admit(); await steps.apply(4);
      await rename(steps.claim.path, join(steps.context.settings.inbox, '..', 'elsewhere.xlsx'));
    });
    expect(whole.batches).toMatchObject([{ batch_status: 'Complete', isArchived: false, claim: null }]);
    expect(pass.lines.join('\n')).toContain('neither in the inbox\'s .processing nor in the archive');
  });

  test('is taken up once, however often the daemon looks', async () => {
    const { pass } = await recovered(async (steps) => steps.open());
    await pass.look();
    await pass.look();
    expect(pass.lines.filter((line) => line.includes('batch 1'))).toHaveLength(2);
  });
});
