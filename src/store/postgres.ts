import { setTimeout as rest } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Clock } from '../clock.js';
import { IngestError } from '../errors.js';
import type { Database, IsKept, Transaction } from './database.js';
import { POSTGRES } from './dialect.js';
import { ASKING, changedByPostgres, commitPostgres, connectPostgres, discard, migratePostgres, queryPostgres, writing } from './postgres-connection.js';
import { commitLost, isAway, isContention, isCut, isNotCommitted, isReadOnly, postgresError, unknownCommit } from './postgres-errors.js';
import { shownUrl } from '../config/database-url.js';
import type { Queryable } from './queryable.js';
import { UnderWay } from './under-way.js';

/**
 * PostgreSQL: several transactions at once, each on a connection of its own, and other connections for questions, so
 * that a transaction which asks never waits for one that waits for it.
 *
 * Transactions are READ COMMITTED. What must not change in between is locked by the verbs: the batch's row, the account
 * rows in the order of their ids, the counter of changes last of all.
 */
class PostgresDatabase implements Database {
  private closing: Promise<void> | undefined;
  private readonly underWay = new UnderWay();
  private isServerStale = false;
  private turning: Promise<void> | undefined;
  /** While one waits for the server, another is at work there. */
  readonly writesAtOnce = 4;

  constructor(
    private readonly url: string,
    private readonly source: DataSource,
    private readSource: DataSource,
    private readonly clock: Clock,
  ) {}

  get reader(): Queryable {
    return {
      dialect: POSTGRES,
      rows: async <T>(sql: string, params: readonly unknown[] = []) => this.underWay.until(again(async () => askOnce<T>(this.url, this.readSource, sql, params))),
    };
  }

  async write<T>(work: (tx: Transaction) => Promise<T>, isKept?: IsKept): Promise<T> {
    return this.underWay.until(again(async () => this.transact(work, isKept)));
  }

  close(): Promise<void> {
    return this.closing ??= this.end();
  }

  private async end(): Promise<void> {
    // A transaction may ask more; and what waits for a connection of a pool that ends never gets one.
    await this.underWay.ended();
    await this.readSource.destroy();
    await this.source.destroy();
  }

  private async transact<T>(work: (tx: Transaction) => Promise<T>, isKept: IsKept | undefined): Promise<T> {
    const { value, doubt } = await this.tryOnce(work);
    if (this.isServerStale) await (this.turning ??= this.askTheOther().finally(() => { this.turning = undefined; }));
    if (doubt === undefined) return value;
    if (isKept === undefined) throw unknownCommit(this.url, doubt);
    // It changes nothing: whether its own COMMIT was kept makes no difference.
    if ((await again(async () => this.tryOnce(isKept))).value) return value;
    throw commitLost(this.url, doubt);
  }

  /** A server that takes no changes any more may go on answering, with what it knows: questions go where changes went. */
  private async askTheOther(): Promise<void> {
    this.isServerStale = false;
    try {
      const stale = this.readSource;
      this.readSource = await connectPostgres(this.url, READERS, ASKING);
      await stale.destroy();
    } catch {
      // The transaction is what counts; the next one sees to it.
      this.isServerStale = true;
    }
  }

  /** Runs work in a transaction. `doubt`: why it is not known whether it was kept. */
  private async tryOnce<T>(work: (tx: Transaction) => Promise<T>): Promise<{ value: T; doubt?: unknown }> {
    const runner = this.source.createQueryRunner();
    const inTurn = oneAfterAnother();
    const asked = queryable(this.url, runner);
    const tx: Transaction = {
      dialect: POSTGRES, now: this.clock,
      rows: async <R>(sql: string, params?: readonly unknown[]) => inTurn(async () => asked.rows<R>(sql, params)),
      changed: async (sql, params) => inTurn(async () => changedByPostgres(this.url, runner, POSTGRES.statement(sql), params)),
    };
    try {
      await tx.rows('begin');
      const value = await work(tx);
      const doubt = await commitPostgres(this.url, runner).then(() => undefined, (error: unknown) => {
        if (isNotCommitted(error)) throw error;
        return error;
      });
      if (doubt !== undefined) await discard(runner);
      return { value, doubt };
    } catch (error) {
      // One that is cut has rolled back by itself.
      this.isServerStale ||= isReadOnly(error);
      if (isAway(error)) await discard(runner);
      else await tx.rows('rollback').catch(async () => discard(runner));
      throw error;
    } finally {
      await runner.release();
    }
  }
}

const ATTEMPTS = 10;
const BASE_REST_MS = 5;

/** Does it again, at ever longer and uneven intervals, where others got into its way or the connection was cut under it. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !(isContention(error) || isCut(error))) throw error;
      await rest(Math.random() * BASE_REST_MS * 2 ** attempt);
    }
  }
}

/** Transactions at once, and questions at once, of one program: some more than files have (`WRITES_AT_ONCE`). */
const WRITERS = 8;
const READERS = 4;

function queryable(url: string, runner: QueryRunner): Queryable {
  return {
    dialect: POSTGRES,
    rows: async <T>(sql: string, params: readonly unknown[] = []) => queryPostgres<T>(url, runner, POSTGRES.statement(sql), params),
  };
}

/** A connection answers one thing after another; the driver leaves it to its users to wait. */
function oneAfterAnother(): <T>(ask: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return async (ask) => {
    const asked = last.then(ask, ask);
    last = asked;
    return asked;
  };
}

/** Each question on a connection of its own: it can be asked again where that was cut. */
async function askOnce<T>(url: string, source: DataSource, sql: string, params: readonly unknown[]): Promise<T[]> {
  const runner = source.createQueryRunner();
  try {
    return await queryPostgres<T>(url, runner, POSTGRES.statement(sql), params);
  } catch (error) {
    if (isAway(error)) await discard(runner);
    throw error;
  } finally {
    await runner.release();
  }
}

/** Opens a PostgreSQL database for everything. */
export async function openPostgres(url: string, clock: Clock, idleSeconds: number): Promise<Database> {
  const source = await connectPostgres(url, WRITERS, writing(idleSeconds));
  try {
    await migratePostgres(url, source);
    return new PostgresDatabase(url, source, await connectPostgres(url, READERS, ASKING), clock);
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

/** Opens a PostgreSQL database that has a history for questions only, on one connection; refuses one that has none. */
export async function openPostgresReader(url: string): Promise<Queryable & { close(): Promise<void> }> {
  const source = await connectPostgres(url, 1, ASKING);
  try {
    // One runner for all: what is asked in a snapshot fails with its connection, and goes on on no other.
    const asked = queryable(url, source.createQueryRunner());
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
