import type { Database, Transaction } from './database.js';

/** What the verbs of a file work on: the database, or a rehearsal on it. */
export type Store = Pick<Database, 'reader' | 'write' | 'writesAtOnce' | 'rowsAtOnce'>;

const TAKE_BACK = Symbol('a rehearsal ends');

/**
 * Runs `work` for real, in one transaction that is taken back when it returns: what it saw is exactly what would
 * happen. On SQLite other writers wait meanwhile; the database's own `reader` goes on seeing what is committed.
 */
export async function rehearse<T>(database: Database, work: (rehearsal: Store) => Promise<T>): Promise<T> {
  let outcome: { value: T } | undefined;
  try {
    await database.write(async (tx) => {
      outcome = { value: await work({ reader: tx, writesAtOnce: 1, write: async (inner) => wholeOrNot(tx, async () => inner(tx)) }) };
      throw TAKE_BACK;
    });
  } catch (error) {
    if (error !== TAKE_BACK) throw error;
  }
  return outcome!.value;
}

/** What is a transaction of its own otherwise is a part of one here. */
async function wholeOrNot<T>(tx: Transaction, work: () => Promise<T>): Promise<T> {
  await tx.rows('savepoint rehearsed');
  try {
    return await work();
  } catch (error) {
    await tx.rows('rollback to savepoint rehearsed');
    throw error;
  } finally {
    await tx.rows('release savepoint rehearsed');
  }
}

/** Runs `work` within a transaction and takes back what it changed, alone, where it returns undefined. */
export async function keptIfDefined<T>(tx: Transaction, work: () => Promise<T | undefined>): Promise<T | undefined> {
  await tx.rows('savepoint provisional');
  const result = await work();
  if (result === undefined) await tx.rows('rollback to savepoint provisional');
  await tx.rows('release savepoint provisional');
  return result;
}
