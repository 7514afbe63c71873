import { setTimeout } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { isPostgres, shownUrl } from '../config/database-url.js';
import { IngestError } from '../errors.js';
import { connectPostgres } from './postgres-connection.js';
import { isBusy } from './sqlite.js';
import { databaseError, openLockFile, resolvedTarget } from './sqlite-connection.js';

/**
 * The right to take files in for a database, freed when the process ends, however it ends: on SQLite an exclusive lock
 * on a file beside the database; on PostgreSQL, where there are several nodes, an advisory lock of a session for each.
 */
export class InstanceLock {
  private constructor(private readonly source: DataSource) {}

  /** Takes the lock; refuses with `locked` where another process holds it. */
  static async take(url: string, node: string): Promise<InstanceLock> {
    return new InstanceLock(isPostgres(url) ? await lockSession(url, node) : await lockFile(resolvedTarget(url).path));
  }

  async release(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

async function lockFile(path: string): Promise<DataSource> {
  const source = await openLockFile(`${path}.lock`);
  try {
    await source.query('begin exclusive');
    return source;
  } catch (error) {
    await source.destroy();
    throw isBusy(error) ? locked(path, 'already takes in files for it', error) : databaseError(`${path}.lock`, error);
  }
}

/** Any number that marks this program's intake among the users of a server's advisory locks. */
const INTAKE_LOCK = 1_936_941_414;

/** A server may notice a moment late that the program which held the lock has ended. */
const ENDING_MS = 3_000;
const TRY_EVERY_MS = 100;

async function lockSession(url: string, node: string): Promise<DataSource> {
  const source = await connectPostgres(url, 1);
  try {
    // The one connection of the pool stays with this runner, and with it the lock.
    const runner = source.createQueryRunner();
    for (const end = performance.now() + ENDING_MS; performance.now() < end; await setTimeout(TRY_EVERY_MS)) {
      const [row] = await runner.query('select pg_try_advisory_lock($1, hashtext($2)) as taken', [INTAKE_LOCK, node]) as { taken: number }[];
      if (row!.taken === 1) return source;
    }
    throw locked(shownUrl(url), `already takes in files for it as node ${node} (further ones need names of their own: setting node, SCD_NODE)`);
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

function locked(name: string, what: string, cause?: unknown): IngestError {
  return new IngestError('locked', `database ${name}: another scd-inbox ${what}`, { cause });
}
