import { setTimeout as rest } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Clock } from '../clock.js';
import { IngestError } from '../errors.js';
import type { Database, Transaction } from './database.js';
import { POSTGRES } from './dialect.js';
import { changedByPostgres, connectPostgres, migratePostgres, postgresError, queryPostgres } from './postgres-connection.js';
import { shownUrl } from '../config/database-url.js';
import type { Queryable } from './queryable.js';

/**
 * PostgreSQL: several transactions at once, each on a connection of its own, and other connections for questions, so
 * that a transaction which asks never waits for one that waits for it.
 *
 * Transactions are READ COMMITTED. What must not change in between is locked by the verbs: the batch's row, the account
 * rows in the order of their ids, the counter of changes last of all.
 */
class PostgresDatabase implements Database {
  private closing: Promise<void> | undefined;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly url: string,
    private readonly source: DataSource,
    private readonly readSource: DataSource,
    private readonly clock: Clock,
  ) {}

  get reader(): Queryable {
    return reader(this.url, this.readSource);
  }

  async write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const written = this.retried(work);
    this.underWay.add(written);
    try {
      return await written;
    } finally {
      this.underWay.delete(written);
    }
  }

  close(): Promise<void> {
    return this.closing ??= this.end();
  }

  private async end(): Promise<void> {
    await Promise.allSettled(this.underWay);
    await this.readSource.destroy();
    await this.source.destroy();
  }

  /** Runs the work again where the server ended it in favour of another. */
  private async retried<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transact(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isContention(error)) throw error;
        await rest(Math.random() * BASE_REST_MS * 2 ** attempt);
      }
    }
  }

  private async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    const tx: Transaction = {
      ...queryable(this.url, runner), now: this.clock,
      changed: async (sql, params) => changedByPostgres(this.url, runner, POSTGRES.statement(sql), params),
    };
    try {
      await tx.rows('begin');
      const result = await work(tx);
      await this.commit(runner);
      return result;
    } catch (error) {
      await runner.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private async commit(runner: QueryRunner): Promise<void> {
    try {
      await queryPostgres(this.url, runner, 'commit', []);
    } catch (error) {
      if (isContention(error)) throw error;
      throw new IngestError('database', `database ${shownUrl(this.url)}: the connection was lost before the answer to a commit; `
        + 'whether it was kept is asked before anything is done again', { cause: error, facts: { code: 'commit-unknown' }, retryable: true });
    }
  }
}

const ATTEMPTS = 10;
const BASE_REST_MS = 5;

/** Transactions at once, and questions at once, of one program. */
const WRITERS = 6;
const READERS = 4;

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';

/** Where two transactions may add the same at once: a content, an account. */
const RACES = new Set(['stage_batch_live_content', 'client_account_account_number_key']);

/** Whether two transactions got into each other's way: the same content at once, accounts in turn. */
function isContention(error: unknown): boolean {
  if (!(error instanceof IngestError)) return false;
  const { code, constraint } = error.facts;
  return code === SERIALIZATION_FAILURE || code === DEADLOCK || (code === UNIQUE_VIOLATION && RACES.has(String(constraint)));
}

function queryable(url: string, runner: QueryRunner): Queryable {
  return {
    dialect: POSTGRES,
    rows: async <T>(sql: string, params: readonly unknown[] = []) => queryPostgres<T>(url, runner, POSTGRES.statement(sql), params),
  };
}

function reader(url: string, source: DataSource): Queryable {
  return {
    dialect: POSTGRES,
    rows: async <T>(sql: string, params: readonly unknown[] = []) => {
      const runner = source.createQueryRunner();
      try {
        return await queryPostgres<T>(url, runner, POSTGRES.statement(sql), params);
      } finally {
        await runner.release();
      }
    },
  };
}

/** Opens a PostgreSQL database for everything. */
export async function openPostgres(url: string, clock: Clock): Promise<Database> {
  const source = await connectPostgres(url, WRITERS);
  try {
    await migratePostgres(url, source);
    return new PostgresDatabase(url, source, await connectReaders(url, READERS), clock);
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

/** Opens a PostgreSQL database that has a history for questions only; refuses one that has none. */
export async function openPostgresReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  const source = await connectReaders(url, 1);
  try {
    const asked = reader(url, source);
    const [found] = await asked.rows<{ tables: string | null }>("select to_regclass('stage_batch')::text as tables");
    if (found!.tables === null) {
      throw new IngestError('database', `database ${shownUrl(url)}: there is no history yet; it is made when the first file is processed`);
    }
    return { ...asked, close: async () => source.destroy() };
  } catch (error) {
    await source.destroy();
    throw postgresError(url, error);
  }
}

async function connectReaders(url: string, size: number): Promise<DataSource> {
  return connectPostgres(url, size, { default_transaction_read_only: 'on' });
}
