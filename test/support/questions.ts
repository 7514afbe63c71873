import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { valueListing, versionListing } from '../../src/cli/listings.js';
import { drawnChains } from '../../src/cli/history.js';
import { reasonsOf } from '../../src/cli/reasons.js';
import { IngestError } from '../../src/errors.js';
import { dayOf, type Day } from '../../src/history/day.js';
import { sampleDates } from '../../src/history/sample.js';
import { askChains, type ItemChain, type Question } from '../../src/ingest/ask.js';
import { checkHistory, type Checked } from '../../src/ingest/check.js';
import { deleteBatch } from '../../src/ingest/delete.js';
import { explainItem } from '../../src/ingest/explain.js';
import type { Finding } from '../../src/ingest/finding.js';
import { planFiles } from '../../src/ingest/plan.js';
import { Repairs } from '../../src/ingest/repair.js';
import { findBatch, troubledBatches } from '../../src/store/batches.js';
import { openReader } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import type { Queryable } from '../../src/store/queryable.js';
import { failedRows, listBatches } from '../../src/store/questions.js';
import { rehearse } from '../../src/store/rehearsal.js';
import type { RowChunk } from '../../src/workbook/reader.js';
import type { ModelFile, ModelRow } from '../model/types.js';
import type { Asked } from './checkup.js';
import { rememberingLog } from './pass.js';
import { namedIn, stagedRow, type World } from './world.js';

/** Every question that people ask by a command, asked of a world in this process. Ids of rows and versions are told by what they stand for. */

/** An instant before every other: what lies in the future is then told by the changes alone. */
const EPOCH = 0;
const EVERYTHING = Number.MAX_SAFE_INTEGER;
const DATES = ['2021-12-31', '2022-02-15', '2030-01-01'].map(dayOf);
const MONTHS = sampleDates(dayOf('2022-01-31'), 'month', 24);

/** What is answered now, and was known half-way, to the questions of the history and of its files. */
export async function answers(world: World): Promise<object> {
  const { reader } = world.database;
  const names = await namesOf(reader);
  const batches = await listBatches(reader, EVERYTHING);
  return {
    batches: batches.map(withoutChance),
    errors: await each(batches, async ({ id }) => ({
      id, error: (await findBatch(reader, id))!.error, rows: (await failedRows(reader, id)).map((row) => ({ ...row, id: names.get(`record ${row.id}`) })),
    })),
    now: await history(world, names, undefined),
    then: await history(world, names, await halfWay(reader)),
  };
}

/** What `plan` and `delete --dry-run` say. They give out ids and take them back again, so that later ones differ. */
export async function rehearsals(world: World, files: readonly ModelFile[]): Promise<object> {
  return {
    plan: await planned(world, files),
    deletions: await each(await listBatches(world.database.reader, EVERYTHING), async ({ id }) => rehearse(world.database, async (store) => deleteBatch(store, id))),
  };
}

/** What `check` finds and `check --repair` would do about it, for each of the ways to ask; which batches do not go on. */
export async function checkup(world: World, ways: readonly Asked[]): Promise<object> {
  const names = await namesOf(world.database.reader);
  return { troubled: await troubledBatches(world.database.reader), checks: await each(ways, async (asked) => checked(world, names, asked)) };
}

async function history(world: World, names: Names, knownAt: string | undefined): Promise<object> {
  const { reader } = world.database;
  const items = await itemsOf(reader);
  const chains = (question: Question): AsyncGenerator<ItemChain> => askChains(reader, { knownAt, ...question }, EPOCH);
  const values = async (dates: readonly Day[]): Promise<unknown> => answered(all(
    valueListing('', chains({ between: { first: dates[0]!, last: dates[dates.length - 1]! } }), dates).rows));
  return {
    exported: await answered(all(versionListing('', chains({})).rows)),
    asOf: await each(DATES, async (date) => values([date])),
    sampled: await values(MONTHS),
    drawn: await each([...items.slice(0, 1), { account: 'CL-1' }, { account: 'Nobody' }, { account: 'CL-1', reference: 'nothing' }],
      async (question) => answered(all(drawnChains(chains(question))))),
    explained: await each(items, async (item) => answered(explained(reader, names, item, knownAt))),
  };
}

async function explained(db: Queryable, names: Names, { account, reference }: Item, knownAt: string | undefined): Promise<object> {
  const item = await explainItem(db, account, reference, knownAt, EPOCH);
  return {
    ...item, reasons: item.versions.map((_, index) => reasonsOf(item, index)),
    rows: [...item.rows].map(([date, rows]) => [date, rows.map((row) => ({ ...row, id: names.get(`record ${row.id}`) }))]),
    ids: [...item.ids].map(([from, id]) => [from, names.get(`version ${id}`)]),
  };
}

/** A plan takes files as they come from a reader; the rows of these are in them as they are. */
async function planned(world: World, files: readonly ModelFile[]): Promise<object> {
  const reader = {
    read: async (path: string, _settings: unknown, onChunk: (chunk: RowChunk) => Promise<void>) => {
      const rows = JSON.parse(await readFile(path, 'utf8')) as ModelRow[];
      const counts = { rows: rows.length, failed: rows.filter(({ unreadable }) => unreadable).length };
      await onChunk({ sheet: 'Sheet1', json: JSON.stringify(rows.map(stagedRow)), named: namedIn(rows), ...counts });
      return { kind: 'xlsx', sheet: 'Sheet1', ...counts, notices: [] };
    },
  };
  for (const { name, rows } of files) await writeFile(join(world.folder, name), JSON.stringify(rows));
  const { settings, database } = world;
  const plan = await planFiles({ settings, database, reader, log: rememberingLog([]) }, files.map(({ name }) => join(world.folder, name)), EVERYTHING);
  // Their item and start, their file and row say what they are.
  const unnumbered = <T extends object>(things: readonly T[]): object[] => things.map((thing) => ({ ...thing, id: null }));
  return {
    ...plan,
    files: plan.files.map(({ batch, failed, actions }) => ({ batch: withoutChance(batch), failed: unnumbered(failed), actions })),
    chains: plan.chains.map(({ before, after, ...item }) => ({ ...item, before: unnumbered(before), after: unnumbered(after) })),
    zeroed: plan.zeroed.map(({ version, ...item }) => ({ ...item, version: unnumbered([version]) })),
    placeholders: plan.placeholders.map(({ version, ...item }) => ({ ...item, version: unnumbered([version]) })),
  };
}

async function checked(world: World, names: Names, asked: Asked): Promise<unknown> {
  const findings: Finding[] = [];
  const repairs = new Repairs(asked.isReplayAsked);
  const reader = await openReader(world.url);
  const looked = await answered<Checked>(checkHistory(reader, {
    maxPeriodDays: 30, ...asked, report: (finding) => { findings.push(finding); repairs.add(finding); },
  })).finally(async () => reader.close());
  return {
    looked, repairs: await rehearse(world.database, async (store) => repairs.carryOut(store)),
    findings: findings.map(({ message, versions, ...finding }) => ({
      ...finding, message: message.replaceAll(/version \d+/gu, (version) => names.get(version)!),
      versions: versions.map(({ id, ...version }) => ({ ...version, id: names.get(`version ${String(id)}`) })),
    })),
  };
}

/** What a question is answered, or why it is refused. */
async function answered<T>(answer: Promise<T>): Promise<T | string> {
  return answer.catch((error: unknown) => {
    if (error instanceof IngestError) return error.message;
    throw error;
  });
}

/** `record 7` and `version 12` by what they are. */
type Names = ReadonlyMap<string, string>;

async function namesOf(db: Queryable): Promise<Names> {
  const named = await db.rows<{ what: string; name: string }>(
    `select 'record ' || id as what, 'record ' || batch_id || ' ' || row_number as name from stage_record union all
     select 'version ' || m.id, 'version ' || a.account_number || ' ' || m.external_reference || ' ' || m.from_date
     from master_record m join client_account a on a.id = m.client_account_id where not m.is_deleted`);
  return new Map(named.map(({ what, name }) => [what, name]));
}

/** The folder of a world and the tokens of claims are its own. */
function withoutChance(batch: StageBatch): StageBatch {
  return { ...batch, claim: batch.claim === null ? null : 'claimed', archived_path: batch.archived_path?.replace(/^.*\//u, '') ?? null };
}

interface Item {
  readonly account: string;
  readonly reference: string;
}

async function itemsOf(db: Queryable): Promise<Item[]> {
  return db.rows<Item>('select distinct a.account_number as account, m.external_reference as reference from master_record m join client_account a on a.id = m.client_account_id order by 1, 2');
}

async function halfWay(db: Queryable): Promise<string> {
  const changes = await db.rows<{ applied_at: string }>('select applied_at from batch_account where applied_at is not null order by applied_at');
  return changes[Math.floor(changes.length / 2)]?.applied_at ?? '2024-01-01T00:00:00.000Z';
}

async function each<T, R>(things: readonly T[], question: (thing: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (const thing of things) answers.push(await question(thing));
  return answers;
}

async function all<T>(rows: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const listed: T[] = [];
  for await (const row of rows) listed.push(row);
  return listed;
}
