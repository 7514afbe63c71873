import { instant } from '../clock.js';
import type { Transaction } from './database.js';
import type { Queryable } from './queryable.js';

/** The place of a change in the order of all changes of the database, and its instant. */
export interface Change {
  readonly seq: number;
  readonly at: string;
}

/**
 * Takes the next place, inside the transaction that makes the change and as late in it as can be: until it ends nobody
 * else takes one, so that the order of the places is the order in which changes are seen. Each instant lies behind the
 * one before, even where the clock was set back: what was known when can then be told by the instant alone.
 */
export async function nextChange(tx: Transaction): Promise<Change> {
  await holdCounter(tx);
  const now = instant(tx.now());
  return await placeAt(tx, now) ?? (await placeAt(tx, await justBehindLast(tx)))!;
}

/** Somebody who waits for a place must not bring an instant along from before. On SQLite nobody waits here. */
async function holdCounter(tx: Transaction): Promise<void> {
  if (tx.dialect.forUpdate !== '') await tx.rows(`select 1 from change_counter where id = 1 ${tx.dialect.forUpdate}`);
}

/** The next place at an instant; undefined where that does not lie behind the latest change. */
async function placeAt(tx: Transaction, at: string): Promise<Change | undefined> {
  const [taken] = await tx.rows<{ last_seq: number }>(
    'update change_counter set last_seq = last_seq + 1, last_at = ? where id = 1 and last_at < ? returning last_seq', [at, at]);
  return taken === undefined ? undefined : { seq: taken.last_seq, at };
}

async function justBehindLast(tx: Transaction): Promise<string> {
  return instant(Date.parse(await lastInstant(tx)) + 1);
}

/** The instant of the latest change. It may lie behind the clock's, where that was set back. */
export async function lastInstant(db: Queryable): Promise<string> {
  return (await db.rows<{ last_at: string }>('select last_at from change_counter where id = 1'))[0]!.last_at;
}
