import { rmSync } from 'node:fs';
import sqlite3 from 'sqlite3';
import yauzl from 'yauzl';
import { rowsOf, type Row, type Submission } from './data.js';

/**
 * The floor of J, in a process of its own: what inflating a workbook's bytes and inserting its rows costs when nothing
 * is read, checked, indexed or derived. Arguments: the workbook, its submission as JSON, a path for the database.
 */

const STATEMENT_ROWS = 5_000;

const [workbook, submission, database] = process.argv.slice(2) as [string, string, string];
const inflating = await inflate(workbook);
const inserting = await insert(JSON.parse(submission) as Submission, database);
process.stdout.write(JSON.stringify({ inflating, inserting }));

async function inflate(path: string): Promise<number> {
  const start = performance.now();
  const zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    for await (const _ of await zip.openReadStreamPromise(entry)) { /* the bytes are all that counts */ }
  }
  zip.close();
  return (performance.now() - start) / 1000;
}

async function insert(of: Submission, path: string): Promise<number> {
  const db = new sqlite3.Database(path);
  const run = async (sql: string, params: unknown[] = []): Promise<void> => new Promise((resolve, reject) => {
    db.run(sql, params, (error) => (error === null ? resolve() : reject(error)));
  });
  for (const sql of ['pragma journal_mode = wal', 'pragma synchronous = full', 'create table row (date text, account text, reference text, company text, amount decimal(19,4), term text)']) await run(sql);
  let ms = 0;
  for (const rows of chunksOf(rowsOf(of))) {
    const json = JSON.stringify(rows);
    const start = performance.now();
    await run("insert into row select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 from json_each(?)", [json]);
    ms += performance.now() - start;
  }
  await new Promise((resolve) => db.close(resolve));
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
  return ms / 1000;
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
