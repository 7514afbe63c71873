import type { Clock } from '../clock.js';
import { systemClock } from '../clock.js';
import type { Queryable } from './queryable.js';
import { isPostgres } from '../config/database-url.js';
import { openPostgres, openPostgresReader } from './postgres.js';
import { openSqlite, openSqliteReader } from './sqlite.js';

/** A transaction under way. */
export interface Transaction extends Queryable {
  /** The clock of the database's records. */
  readonly now: Clock;

  /** Runs a statement that changes rows; returns how many it changed. */
  changed(sql: string, params: readonly unknown[]): Promise<number>;
}

/** The database: its one way to ask and its one way to change anything. Nobody calls TypeORM's `transaction()`. */
export interface Database {
  /** Asks; sees what is committed. */
  readonly reader: Queryable;

  /**
   * Runs `work` in a transaction of its own. Its changes are kept whole when it returns and not at all when it throws.
   * On SQLite transactions run one after another in the order they were asked for; on PostgreSQL several run at once, and
   * `work` runs again where the server asks for it (a deadlock, two of the same content), so it must only change rows.
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;

  /** Ends when the transactions under way have ended. Safe to call twice. */
  close(): Promise<void>;
}

export const Database = {
  /** Opens `sqlite:PATH`, creating it where it is missing, or `postgres://…`, and brings its schema up to date. */
  async open(url: string, clock: Clock = systemClock): Promise<Database> {
    return isPostgres(url) ? openPostgres(url, clock) : openSqlite(url, clock);
  },
};

/** Answers questions on a connection of their own from one moment: what is committed meanwhile is not seen. */
export async function inSnapshot<T>(db: Queryable, questions: () => Promise<T>): Promise<T> {
  await db.rows(db.dialect.beginSnapshot);
  try {
    return await questions();
  } finally {
    await db.rows('rollback');
  }
}

/** Opens an existing database for questions only; refuses one that is missing. */
export async function openReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  return isPostgres(url) ? openPostgresReader(url) : openSqliteReader(url);
}
