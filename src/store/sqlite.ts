import { existsSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.js';
import { IngestError, systemCode } from '../errors.js';
import type { Database, Transaction } from './database.js';
import { SQLITE } from './dialect.js';
import type { Queryable } from './queryable.js';
import { databaseError, openForReading, openForWriting, sqlitePath } from './sqlite-connection.js';

/**
 * SQLite: one writer whose transactions run one after another, and a second, read-only connection.
 *
 * TypeORM shares a single query runner per SQLite data source: overlapping transactions would silently lose rows.
 */
class SqliteDatabase implements Database {
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly path: string,
    private source: DataSource,
    private readonly readSource: DataSource,
    private readonly clock: Clock,
  ) {}

  get reader(): Queryable {
    return queryable(this.path, this.readSource);
  }

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
    const tx = transaction(queryable(this.path, source), this.clock);
    try {
      // Takes the write lock at once: a transaction that reads first and writes later could fail in between.
      await tx.rows('begin immediate');
      const result = await work(tx);
      await tx.rows('commit');
      return result;
    } catch (error) {
      await giveUp(source, error);
      throw error;
    }
  }
}

function transaction(queryable: Queryable, now: Clock): Transaction {
  return {
    ...queryable, now,
    changed: async (sql, params) => {
      await queryable.rows(sql, params);
      // TypeORM gives the number for some spellings of a statement only.
      const [row] = await queryable.rows<{ changed: number }>('select changes() as changed');
      return row!.changed;
    },
  };
}

async function giveUp(source: DataSource, error: unknown): Promise<void> {
  const isLost = error instanceof IngestError && CONNECTION_LOST.has(String(error.facts['code']));
  const isRolledBack = await source.query('rollback').then(() => true, () => false);
  // A connection whose disk failed may believe itself inside a transaction for ever: the next one starts afresh.
  if (isLost || !isRolledBack) await source.destroy().catch(() => undefined);
}

/** Errors after which a connection cannot be trusted: the disk failed under it. */
const CONNECTION_LOST = new Set(['SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_MISUSE']);

/** Errors that pass by themselves: another program holds the lock. */
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED']);

function queryable(path: string, source: DataSource): Queryable {
  return {
    dialect: SQLITE,
    rows: async <T>(sql: string, params: readonly unknown[] = []): Promise<T[]> => {
      try {
        return await source.query<T[]>(sql, [...params]);
      } catch (error) {
        throw databaseError(path, error);
      }
    },
  };
}

/** Opens a SQLite database for everything, creating it where it is missing. */
export async function openSqlite(url: string, clock: Clock): Promise<Database> {
  const path = sqlitePath(url);
  const source = await openForWriting(path);
  return new SqliteDatabase(path, source, await openForReading(path), clock);
}

/** Opens an existing SQLite database for questions only; refuses one that is missing. */
export async function openSqliteReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  const path = sqlitePath(url);
  if (!existsSync(path)) {
    throw new IngestError('database', `database ${path}: there is none yet; it is made when the first file is processed`);
  }
  const source = await openForReading(path);
  return { ...queryable(path, source), close: async () => source.destroy() };
}

/** Whether an error says that another program holds the database's lock. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof IngestError ? error.options.cause : error;
  return BUSY.has(systemCode((cause as { driverError?: unknown } | undefined)?.driverError ?? cause) ?? '');
}
