import { rmSync } from 'node:fs';
import sqlite3 from 'sqlite3';
import yauzl from 'yauzl';
import { loadSettings } from '../src/config/load.js';
import { WorkbookReader } from '../src/workbook/reader.js';
import { rowsOf, type Row, type Submission } from './data.js';

/**
 * The floor of J, in a process of its own: what inflating a workbook's bytes and inserting its rows costs when nothing
 * is read, checked, indexed or derived. Beside it, for comparison, reading it alone, whose rows are thrown away, and the
 * barest step behind it for such a month, without late rows, placeholders or missing items. Arguments: the workbook, its
 * submission as JSON, a path for the database.
 */

const STATEMENT_ROWS = 5_000;

const TABLES = [
  'pragma journal_mode = wal', 'pragma synchronous = full',
  'create table row (date text, account text, reference text, company text, amount decimal(19,4), term text, outcome text)',
  'create table version (account text, reference text, from_date text, to_date text, company text, amount decimal(19,4), term text, primary key (account, reference, from_date)) without rowid',
];

/** What the rows are looked up by. Not timed: it may be kept up to date while reading goes on. */
const INDEX = 'create unique index row_item on row (account, reference)';

/** The month behind the versions of the month before, with nothing but its rules: no late rows, placeholders, totals or bounded transactions. */
const STEP = [
  'begin',
  // Contradictions: rows of the same item.
  'select count(*) from row r where exists (select 1 from row o where o.account = r.account and o.reference = r.reference and o.rowid <> r.rowid)',
  `update row set outcome = case when exists (select 1 from version v where v.account = row.account and v.reference = row.reference and v.to_date is null
    and v.amount is row.amount and v.term is row.term and v.company is row.company) then 'unchanged' else 'changed' end`,
  // Missing items, of which this month has none: looking for them is what they cost.
  `update version set to_date = (select max(date) from row) where to_date is null
    and not exists (select 1 from row where row.account = version.account and row.reference = version.reference)`,
  `update version set to_date = row.date from row where row.outcome = 'changed' and version.account = row.account and version.reference = row.reference
    and version.to_date is null`,
  "insert into version select account, reference, date, null, company, amount, term from row where outcome = 'changed'",
  'commit',
];

const [workbook, submission, database] = process.argv.slice(2) as [string, string, string];
const inflating = await inflate(workbook);
const reading = await read(workbook);
const db = new sqlite3.Database(database);
const of = JSON.parse(submission) as Submission;
for (const sql of TABLES) await run(sql);
const inserting = await insert(of, 'insert into row select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, null from json_each(?)');
await insert({ ...of, month: of.month - 1 }, 'insert into version select value ->> 1, value ->> 2, value ->> 0, null, value ->> 3, value ->> 4, value ->> 5 from json_each(?)');
await run(INDEX);
const stepping = await time(async () => { for (const sql of STEP) await run(sql); });
await new Promise((resolve) => db.close(resolve));
for (const ending of ['', '-wal', '-shm']) rmSync(`${database}${ending}`, { force: true });
process.stdout.write(JSON.stringify({ inflating, inserting, reading, stepping }));

async function inflate(path: string): Promise<number> {
  return time(async () => {
    const zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true });
    for await (const entry of zip.eachEntry()) {
      for await (const _ of await zip.openReadStreamPromise(entry)) { /* the bytes are all that counts */ }
    }
    zip.close();
  });
}

async function read(path: string): Promise<number> {
  const settings = loadSettings({});
  const reader = new WorkbookReader({ threads: 1, heapMiB: settings.limits.workerHeapMiB });
  try {
    return await time(async () => { await reader.read(path, settings, async () => undefined); });
  } finally {
    await reader.close();
  }
}

async function insert(submission: Submission, statement: string): Promise<number> {
  let seconds = 0;
  for (const rows of chunksOf(rowsOf(submission))) {
    const json = JSON.stringify(rows);
    seconds += await time(async () => run(statement, [json]));
  }
  return seconds;
}

async function run(sql: string, params: unknown[] = []): Promise<void> {
  return new Promise((resolve, reject) => {
    db.run(sql, params, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function* chunksOf(rows: Iterable<Row>): Generator<Row[]> {
  let chunk: Row[] = [];
  for (const row of rows) {
    if (chunk.push(row) < STATEMENT_ROWS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
