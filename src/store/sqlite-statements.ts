import type { Database, Statement } from 'sqlite3';
import type { DataSource } from 'typeorm';
import { UnderWay } from './under-way.js';

/** How many statements are kept ready: more than the program has texts that come again. */
const MOST_KEPT = 200;
/** A statement holds its parameters until it runs again: a chunk of rows is not worth the memory. */
const MOST_CHARS = 10_000;
/**
 * A parameter of so many characters holds thousands of rows, for each of which SQLite takes some small pieces of memory. A
 * connection has a few dozens of those at hand; where kept statements hold them, each piece is had from the system, behind a
 * lock, and the rows take a fifth longer.
 */
const BULK_CHARS = 100_000;

/**
 * The prepared statements of one SQLite connection. Small statements cost as much to parse as to run, and a file runs
 * dozens of them: each text is parsed once. TypeORM parses every time, hence the driver itself here.
 */
export class Statements {
  private readonly handle: Database;
  private readonly kept = new Map<string, Statement>();
  private readonly underWay = new UnderWay();
  private isClosed = false;

  constructor(source: DataSource) {
    this.handle = (source.driver as unknown as { databaseConnection: Database }).databaseConnection;
  }

  /** The rows of a statement. */
  async all<T>(sql: string, params: readonly unknown[]): Promise<T[]> {
    return this.use(sql, params, (statement, done) => statement.all<T>([...params], done));
  }

  /** Runs a statement that changes rows and returns none; how many it changed. */
  async changed(sql: string, params: readonly unknown[]): Promise<number> {
    return this.use(sql, params, (statement, done) => statement.run([...params], function (error) { done(error, this.changes); }));
  }

  /** Lets what is under way end and gives all statements back: a connection cannot be closed before. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.underWay.ended();
    await this.giveBack();
  }

  private async giveBack(): Promise<void> {
    const kept = [...this.kept.values()];
    this.kept.clear();
    await Promise.all(kept.map(finalize));
  }

  private async use<T>(sql: string, params: readonly unknown[], run: Run<T>): Promise<T> {
    if (this.isClosed) throw new Error('the connection is closed');
    return this.underWay.until(this.runOnce(sql, params, run));
  }

  private async runOnce<T>(sql: string, params: readonly unknown[], run: Run<T>): Promise<T> {
    const longest = params.reduce((most: number, param) => Math.max(most, typeof param === 'string' ? param.length : 0), 0);
    const isKept = longest <= MOST_CHARS;
    if (longest >= BULK_CHARS) await this.giveBack();
    const statement = isKept ? await this.ready(sql) : await this.prepare(sql);
    // It may have been given back by now.
    if (isKept && this.kept.get(sql) !== statement) return this.runOnce(sql, params, run);
    try {
      return await new Promise<T>((resolve, reject) => {
        run(statement, (error, result) => { if (error === null) resolve(result); else reject(error); });
      });
    } finally {
      if (!isKept) await finalize(statement);
    }
  }

  private async ready(sql: string): Promise<Statement> {
    const known = this.kept.get(sql);
    if (known !== undefined) return this.keep(sql, known);
    const statement = await this.prepare(sql);
    // Somebody else may have asked the same meanwhile.
    const twin = this.kept.get(sql);
    if (twin === undefined) return this.keep(sql, statement);
    await finalize(statement);
    return twin;
  }

  /** As the latest used; beyond the limit the one that was not used for longest goes. */
  private keep(sql: string, statement: Statement): Statement {
    this.kept.delete(sql);
    this.kept.set(sql, statement);
    if (this.kept.size > MOST_KEPT) {
      const [oldest, unused] = this.kept.entries().next().value!;
      this.kept.delete(oldest);
      void this.underWay.until(finalize(unused));
    }
    return statement;
  }

  private async prepare(sql: string): Promise<Statement> {
    return new Promise((resolve, reject) => {
      const statement: Statement = this.handle.prepare(sql, (error: Error | null) => { if (error === null) resolve(statement); else reject(error); });
    });
  }
}

type Run<T> = (statement: Statement, done: (error: Error | null, result: T) => void) => void;

/** It waits its turn behind what the statement is still doing. */
async function finalize(statement: Statement): Promise<void> {
  await new Promise<void>((resolve) => { statement.finalize(() => resolve()); });
}
