import { existsSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import type { Clock } from '../clock.js';
import type { SqliteTarget } from '../config/database-url.js';
import { IngestError, hasCode, systemCode } from '../errors.js';
import type { Database, Transaction } from './database.js';
import { SQLITE } from './dialect.js';
import type { Queryable } from './queryable.js';
import { databaseError, openForReading, openForWriting, resolvedTarget } from './sqlite-connection.js';
import { Statements } from './sqlite-statements.js';

/** A piece of work that waits for the writer. */
interface Turn {
  readonly work: (tx: Transaction) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How much work is committed at once: a commit waits for the disk, and what waits meanwhile is committed together. */
const GROUP = 16;

/**
 * SQLite: one writer whose transactions run one after another, and a second, read-only connection.
 *
 * TypeORM shares a single query runner per SQLite data source: overlapping transactions would silently lose rows.
 */
class SqliteDatabase implements Database {
  private waiting: Turn[] = [];
  private writing: Promise<void> | undefined;
  private closed = false;
  private statements: Statements;
  private readonly readStatements: Statements;
  readonly reader: Queryable;
  /** They run one after another and are committed together: many small ones wait longer for the disk than they last. */
  readonly writesAtOnce = GROUP;
  /** Some tenths of a second, for whoever else has something to write. */
  readonly rowsAtOnce = 20_000;
  private readonly path: string;

  constructor(
    private readonly target: SqliteTarget,
    private source: DataSource,
    private readonly readSource: DataSource,
    private readonly clock: Clock,
  ) {
    this.path = target.path;
    this.statements = new Statements(source);
    this.readStatements = new Statements(readSource);
    this.reader = queryable(this.path, this.readStatements);
  }

  async write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.closed) throw databaseError(this.path, new Error('the connection is closed'));
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ work, resolve: resolve as Turn['resolve'], reject });
      this.writing ??= this.writeAll();
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.writing;
    await closeSource(this.readSource, this.readStatements);
    await closeSource(this.source, this.statements);
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) await this.commit(this.waiting.splice(0, GROUP));
    this.writing = undefined;
  }

  /** All of them in one transaction; where one of them fails by itself, each in its own. */
  private async commit(turns: readonly Turn[]): Promise<void> {
    try {
      const results = await this.transact(turns);
      for (const [index, { resolve }] of turns.entries()) resolve(results[index]);
    } catch (error) {
      if (turns.length === 1 || concernsAll(error)) for (const { reject } of turns) reject(error);
      else for (const turn of turns) await this.commit([turn]);
    }
  }

  private async transact(turns: readonly Turn[]): Promise<unknown[]> {
    const tx = await this.begun();
    try {
      const results: unknown[] = [];
      for (const { work } of turns) results.push(await work(tx));
      await tx.rows('commit');
      return results;
    } catch (error) {
      await this.giveUp(error);
      throw error;
    }
  }

  private async begun(): Promise<Transaction> {
    if (!this.source.isInitialized) {
      this.source = await openForWriting(this.target);
      this.statements = new Statements(this.source);
    }
    const tx = transaction(this.path, this.statements, this.clock);
    try {
      // Takes the write lock at once: a transaction that reads first and writes later could fail in between.
      await tx.rows('begin immediate');
      return tx;
    } catch (error) {
      await this.giveUp(error);
      throw error;
    }
  }

  private async giveUp(error: unknown): Promise<void> {
    const isLost = error instanceof IngestError && CONNECTION_LOST.has(String(error.facts['code']));
    const isRolledBack = await this.statements.all('rollback', []).then(() => true, () => false);
    // A connection whose disk failed may believe itself inside a transaction for ever: the next one starts afresh.
    if (isLost || !isRolledBack) await closeSource(this.source, this.statements).catch(() => undefined);
  }
}

async function closeSource(source: DataSource, statements: Statements): Promise<void> {
  // One that was given up is closed already.
  if (!source.isInitialized) return;
  await statements.close();
  await source.destroy();
}

function transaction(path: string, statements: Statements, now: Clock): Transaction {
  return {
    ...queryable(path, statements), now,
    changed: async (sql, params) => statements.changed(sql, params).catch((error: unknown) => { throw databaseError(path, error); }),
  };
}

/** Errors after which a connection cannot be trusted: the disk failed under it. */
const CONNECTION_LOST = new Set(['SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_MISUSE']);

/**
 * Whether work done alone would fail as it did together. A disk that failed is not asked again: a second sync may succeed
 * though the first has lost what it was to keep. And whoever holds the lock is waited for once, not once for each.
 */
function concernsAll(error: unknown): boolean {
  return hasCode(error, 'disk') || isBusy(error);
}

/** Errors that pass by themselves: another program holds the lock. */
const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED']);

function queryable(path: string, statements: Statements): Queryable {
  return {
    dialect: SQLITE,
    rows: async <T>(sql: string, params: readonly unknown[] = []): Promise<T[]> =>
      statements.all<T>(sql, params).catch((error: unknown) => { throw databaseError(path, error); }),
  };
}

/** Opens a SQLite database for everything, creating it where it is missing. */
export async function openSqlite(url: string, clock: Clock): Promise<Database> {
  const target = resolvedTarget(url);
  const source = await openForWriting(target);
  try {
    return new SqliteDatabase(target, source, await openForReading(target), clock);
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

/** Opens an existing SQLite database for questions only; refuses one that is missing. */
export async function openSqliteReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  const target = resolvedTarget(url);
  const { path } = target;
  if (!existsSync(path)) {
    throw new IngestError('database', `database ${path}: there is none yet; it is made when the first file is processed`);
  }
  const source = await openForReading(target);
  const statements = new Statements(source);
  return { ...queryable(path, statements), close: async () => closeSource(source, statements) };
}

/** Whether an error says that another program holds the database's lock. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof IngestError ? error.options.cause : error;
  return BUSY.has(systemCode((cause as { driverError?: unknown } | undefined)?.driverError ?? cause) ?? '');
}
