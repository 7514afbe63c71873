import type { Clock } from '../clock.js';
import { systemClock } from '../clock.js';
import type { Queryable } from './queryable.js';
import { isPostgres } from '../config/database-url.js';
import { isAway } from './postgres-errors.js';
import { openPostgres, openPostgresReader } from './postgres.js';
import { openSqlite, openSqliteReader } from './sqlite.js';

/** A transaction under way. */
export interface Transaction extends Queryable {
  /** The clock of the database's records. */
  readonly now: Clock;

  /** Runs a statement that changes rows; returns how many it changed. */
  changed(sql: string, params: readonly unknown[]): Promise<number>;
}

/** Whether the changes of a transaction are there: see `write`. */
export type IsKept = (tx: Transaction) => Promise<boolean>;

/** For work that looks itself, behind its lock, for what is done already: after a lost answer it just runs again. */
export const LOOKS_ITSELF: IsKept = async () => false;

/** The database: its one way to ask and its one way to change anything. Nobody calls TypeORM's `transaction()`. */
export interface Database {
  /** Asks; sees what is committed. */
  readonly reader: Queryable;

  /** How many transactions of one batch, each of another account, are worth having under way at once. */
  readonly writesAtOnce: number;

  /** ... and of about how many rows, where what is under way at once is committed together: others wait for all of it. */
  readonly rowsAtOnce?: number;

  /**
   * Runs `work` in a transaction of its own. Its changes are kept whole when it returns and not at all when it throws.
   * On SQLite work runs one after another in the order it was asked for, and what waits while the disk is waited for
   * is committed together; on PostgreSQL several run at once. `work` may run again, where what it was committed with
   * failed, where the server asks for it (a deadlock, two of the same content) or the connection was cut: it must only
   * change rows.
   *
   * Where the answer to a COMMIT is lost, `isKept` is asked in a transaction of its own whether the changes are there.
   * If so, what `work` returned is returned; if not, `work` runs again. The first COMMIT may still be on its way to the
   * server: both begin with a lock that `work` held, and read behind it. Without `isKept` an error says that it is
   * not known.
   *
   * `accounts` are those, by number, whose rows `work` locks: where several nodes work, a node's work on one of them takes
   * turns, so that an account that somebody else holds for long keeps no more than one of its connections.
   */
  write<T>(work: (tx: Transaction) => Promise<T>, isKept?: IsKept, accounts?: readonly string[]): Promise<T>;

  /** Ends when the transactions under way have ended. Safe to call twice. */
  close(): Promise<void>;
}

export const Database = {
  /**
   * Opens `sqlite:PATH`, creating it where it is missing, or `postgres://…`, and brings its schema up to date. A PostgreSQL
   * server takes back a transaction whose program says nothing for `idleSeconds`.
   */
  async open(url: string, clock: Clock = systemClock, idleSeconds = 60): Promise<Database> {
    return isPostgres(url) ? openPostgres(url, clock, idleSeconds) : openSqlite(url, clock);
  },
};

/** Answers questions on a connection of their own from one moment: what is committed meanwhile is not seen. */
export async function inSnapshot<T>(db: Queryable, questions: () => Promise<T>): Promise<T> {
  await db.rows(db.dialect.beginSnapshot);
  try {
    return await questions();
  } finally {
    // A connection that was lost has nothing to end, and why it was lost is thrown already.
    await db.rows('rollback').catch(() => undefined);
  }
}

/** Whether an error says that the database is away, be it for a moment: it says nothing of the work that was under way. */
export function isOutage(error: unknown): boolean {
  return isAway(error);
}

/** Opens an existing database for questions only; refuses one that is missing. */
export async function openReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  return isPostgres(url) ? openPostgresReader(url) : openSqliteReader(url);
}
