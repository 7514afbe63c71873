import { getMetadataArgsStorage } from 'typeorm';
import { IngestError } from '../errors.js';
import { inSnapshot, type Database, type Transaction } from './database.js';
import { AccountPolicy } from './entities/account-policy.js';
import { BatchAccount } from './entities/batch-account.js';
import { BatchDate } from './entities/batch-date.js';
import { ClientAccount } from './entities/client-account.js';
import { MasterRecord } from './entities/master-record.js';
import { PolicyRecord } from './entities/policy.js';
import { StageBatch } from './entities/stage-batch.js';
import { StageRecord } from './entities/stage-record.js';
import { lockPolicies } from './policies.js';
import type { Queryable } from './queryable.js';

/** Copies a whole history from SQLite to PostgreSQL: every table but what daemons say of themselves. */

/** What others refer to comes first. */
const ENTITIES = [PolicyRecord, ClientAccount, StageBatch, StageRecord, BatchAccount, BatchDate, MasterRecord, AccountPolicy];
const PAGE_ROWS = 10_000;

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** The columns of its primary key. */
  readonly key: readonly string[];
  /** Whether the key is generated. */
  readonly isNumbered: boolean;
}

/**
 * Copies everything in one transaction of the target: all of it is there, or nothing. Returns how many rows of each
 * table. Refuses, with `usage`, a target that has a history already.
 */
export async function copyHistory(from: Database, to: Database): Promise<ReadonlyMap<string, number>> {
  return inSnapshot(from.reader, async () => to.write(async (tx) => {
    if (!(await isEmpty(tx))) throw new IngestError('usage', 'the database to copy to has a history already: copy goes into an empty one; nothing was changed');
    const counts = new Map<string, number>();
    for (const table of ENTITIES.map(tableOf)) counts.set(table.name, await copyTable(from.reader, tx, table));
    await copyCounter(from.reader, tx);
    // Nobody has counted the rows yet, and the first plans would go by that.
    await tx.rows('analyze');
    return counts;
  }, async (tx) => !(await isEmpty(tx))));
}

/** Whether nothing is on record; until the transaction ends nobody begins a history or copies one. */
async function isEmpty(tx: Transaction): Promise<boolean> {
  await lockPolicies(tx);
  const found = await tx.rows('select 1 from policy union all select 1 from stage_batch union all select 1 from client_account limit 1');
  return found.length === 0;
}

async function copyTable(from: Queryable, tx: Transaction, table: Table): Promise<number> {
  let count = 0;
  for await (const page of pagesOf(from, table)) {
    await tx.rows(`insert into ${table.name} select * from jsonb_populate_recordset(null::${table.name}, ?::jsonb)`, [page.text]);
    count += page.rows;
  }
  if (table.isNumbered && count > 0) await tx.rows(`select setval(pg_get_serial_sequence('${table.name}', 'id'), (select max(id) from ${table.name}))`);
  return count;
}

/** The rows of a table in the order of its key, as JSON objects. */
async function* pagesOf(from: Queryable, { name, columns, key }: Table): AsyncGenerator<{ readonly text: string; readonly rows: number }> {
  const fields = columns.map((column) => `'${column}', ${column}`).join(', ');
  const order = key.join(', ');
  for (let last: readonly unknown[] = []; ;) {
    const behind = last.length === 0 ? '' : `where (${order}) > (${key.map(() => '?').join(', ')})`;
    const [page] = await from.rows<{ text: string }>(
      `select json_group_array(json_object(${fields})) as text from (select * from ${name} ${behind} order by ${order} limit ${PAGE_ROWS})`, last);
    const rows = JSON.parse(page!.text) as Record<string, unknown>[];
    if (rows.length > 0) yield { text: page!.text, rows: rows.length };
    if (rows.length < PAGE_ROWS) return;
    last = key.map((column) => rows[rows.length - 1]![column]);
  }
}

/** The counter has its one row from the beginning. */
async function copyCounter(from: Queryable, tx: Transaction): Promise<void> {
  const [counter] = await from.rows<{ last_seq: number; last_at: string }>('select last_seq, last_at from change_counter');
  await tx.rows('update change_counter set last_seq = ?, last_at = ?', [counter!.last_seq, counter!.last_at]);
}

function tableOf(entity: { new(): object }): Table {
  const { tables, columns, generations } = getMetadataArgsStorage();
  const own = columns.filter(({ target }) => target === entity);
  return {
    name: tables.find(({ target }) => target === entity)!.name!,
    columns: own.map(({ propertyName }) => propertyName),
    key: own.filter(({ options }) => options.primary).map(({ propertyName }) => propertyName),
    isNumbered: generations.some(({ target }) => target === entity),
  };
}
