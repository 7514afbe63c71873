import { existsSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { systemClock, type Clock } from '../clock.js';
import { IngestError, systemCode } from '../errors.js';
import { databaseError, openForReading, openForWriting, sqlitePath } from './connection.js';
import { BEGIN_SNAPSHOT, BEGIN_WRITE, BUSY, CONNECTION_LOST } from './dialect.js';
import type { Queryable } from './queryable.js';

/**
 * The database: one writer whose transactions run one after another, and a second, read-only connection.
 *
 * TypeORM shares a single query runner per SQLite data source: overlapping transactions would silently lose rows. So
 * nobody calls its `transaction()`; `write` is the one way to change anything.
 */

/** A transaction under way. */
export interface Transaction extends Queryable {
  /** The clock of the database's records. */
  readonly now: Clock;
}

export class Database {
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    readonly path: string,
    private source: DataSource,
    private readonly readSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Opens `sqlite:PATH`, creating it where it is missing. */
  static async open(url: string, clock: Clock = systemClock): Promise<Database> {
    const path = sqlitePath(url);
    const source = await openForWriting(path);
    return new Database(path, source, await openForReading(path), clock);
  }

  /** Asks; sees what is committed. */
  readonly reader: Queryable = { rows: async (sql, params) => this.query(this.readSource, sql, params) };

  /**
   * Runs `work` in a transaction of its own, after those asked for before. Its changes are kept whole when it returns
   * and not at all when it throws.
   */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const turn = this.tail.then(() => this.transact(work));
    this.tail = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.tail;
    await this.readSource.destroy();
    await this.source.destroy();
  }

  private async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (!this.source.isInitialized) this.source = await openForWriting(this.path);
    const source = this.source;
    const tx: Transaction = { now: this.clock, rows: async (sql, params) => this.query(source, sql, params) };
    try {
      await tx.rows(BEGIN_WRITE);
      const result = await work(tx);
      await tx.rows('commit');
      return result;
    } catch (error) {
      await this.giveUp(source, error);
      throw error;
    }
  }

  private async giveUp(source: DataSource, error: unknown): Promise<void> {
    const isLost = error instanceof IngestError && CONNECTION_LOST.has(String(error.facts['code']));
    const isRolledBack = await source.query('rollback').then(() => true, () => false);
    // A connection whose disk failed may believe itself inside a transaction for ever: the next one starts afresh.
    if (isLost || !isRolledBack) await source.destroy().catch(() => undefined);
  }

  private async query<T>(source: DataSource, sql: string, params: readonly unknown[] = []): Promise<T[]> {
    try {
      return await source.query<T[]>(sql, [...params]);
    } catch (error) {
      throw databaseError(this.path, error);
    }
  }
}

/** Whether an error says that another program holds the database's lock. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof IngestError ? error.options.cause : error;
  return BUSY.has(systemCode((cause as { driverError?: unknown } | undefined)?.driverError ?? cause) ?? '');
}

/** Answers questions on a connection of their own from one moment: what is committed meanwhile is not seen. */
export async function inSnapshot<T>(db: Queryable, questions: () => Promise<T>): Promise<T> {
  await db.rows(BEGIN_SNAPSHOT);
  try {
    return await questions();
  } finally {
    await db.rows('rollback');
  }
}

/** Opens an existing database for questions only; refuses one that is missing. */
export async function openReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  const path = sqlitePath(url);
  if (!existsSync(path)) {
    throw new IngestError('database', `database ${path}: there is none yet; it is made when the first file is processed`);
  }
  const source = await openForReading(path);
  return {
    rows: async <T>(sql: string, params: readonly unknown[] = []): Promise<T[]> => {
      try {
        return await source.query<T[]>(sql, [...params]);
      } catch (error) {
        throw databaseError(path, error);
      }
    },
    close: async () => source.destroy(),
  };
}
