import { mkdirSync, realpathSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import sqlite3 from 'sqlite3';
import { DataSource } from 'typeorm';
import { sqliteTarget, type SqliteTarget } from '../config/database-url.js';
import { IngestError, fileError, messageOf, systemCode } from '../errors.js';
import { ENTITIES } from './entities/index.js';
import { MIGRATIONS } from './migrations/index.js';
import { refuseNewerSchema } from './schema-version.js';

/** Opens SQLite through TypeORM; the one place that names the driver. */

const OPEN_READONLY = 1;
/** Pages kept in memory, in KiB. Files go through the indexes in order: four times as much was not faster. */
const CACHE_KIB = 16_384;
/** Bytes of a page of a new database: with SQLite's 4,096 a large file takes a tenth longer. */
const PAGE_BYTES = 8_192;
/** Pages of the log before they go into the database, 32 MB of them: in between a page that changes again is written once. */
const LOG_PAGES = 4_000;

/**
 * What a database setting `sqlite:PATH` names, from the folder that the program was started in. A database has one name,
 * whatever links lead to it: the lock beside it would be another otherwise.
 */
export function resolvedTarget(url: string): SqliteTarget {
  const { path, busyMs } = sqliteTarget(url);
  return { path: trueName(resolve(path)), busyMs };
}

function trueName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function makeFolderOf(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fileError(`cannot make the folder ${dirname(path)} for the database`, error);
  }
}

/** Opens the database for writing, creating it and bringing its schema up to date. */
export async function openForWriting({ path, busyMs }: SqliteTarget): Promise<DataSource> {
  makeFolderOf(path);
  const source = await connect(path, {}, busyMs);
  try {
    // Of no effect where there is a database already.
    await source.query(`pragma page_size = ${PAGE_BYTES}`);
    await source.query('pragma journal_mode = wal');
    await source.query('pragma synchronous = full');
    await expectPragma(source, path, 'journal_mode', 'wal');
    await expectPragma(source, path, 'synchronous', 2);
    await source.query(`pragma cache_size = -${CACHE_KIB}`);
    await source.query(`pragma wal_autocheckpoint = ${LOG_PAGES}`);
    await refuseNewerSchema(source, path);
    await source.runMigrations({ transaction: 'all' });
    return source;
  } catch (error) {
    await source.destroy();
    throw databaseError(path, error);
  }
}

/** Opens an existing database for reading only. */
export async function openForReading({ path, busyMs }: SqliteTarget): Promise<DataSource> {
  return connect(path, { flags: OPEN_READONLY }, busyMs);
}

/** Opens a database file of its own that serves as a lock: no schema, no journal to keep. */
export async function openLockFile(path: string): Promise<DataSource> {
  makeFolderOf(path);
  return connect(path, { entities: [], migrations: [] }, 0);
}

/** What went wrong with the database, for people. */
export function databaseError(path: string, error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  const code = codeOf(path, error);
  const message = `database ${path}: ${HINTS[code] ?? messageOf(error)}`;
  if (UNTRUSTED.has(code)) return new IngestError('disk', message, { cause: error, facts: { code } });
  return new IngestError('database', message, { cause: error, facts: { code }, retryable: true });
}

/** After these nothing may be believed that was not read anew. */
const UNTRUSTED = new Set(['SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** SQLite reports an I/O error, too, where it only finds no room for the index of its log. */
function codeOf(path: string, error: unknown): string {
  const code = systemCode((error as { driverError?: unknown }).driverError ?? error) ?? '';
  return code === 'SQLITE_IOERR' && hasNoRoom(dirname(path)) ? 'SQLITE_FULL' : code;
}

function hasNoRoom(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0;
  } catch {
    return false;
  }
}

const HINTS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full; nothing of this step was kept',
  SQLITE_BUSY: 'another program holds its write lock; nothing of this step was kept',
  SQLITE_IOERR: 'the disk reported an error; nothing of this step counts. Check the disk and the system log, then start again',
  SQLITE_NOTADB: 'the file is not a database; move it away or name another one',
  SQLITE_CORRUPT: 'the file is damaged; restore it from a backup',
  SQLITE_CANTOPEN: 'the file cannot be opened; it has to exist and be readable, and its folder writable',
  SQLITE_READONLY: 'the file is read-only; give the user that runs scd-inbox write access to it and its folder',
};

/** TypeORM turns on stack traces of every call, which cost more than small statements do. */
const QUIET_DRIVER = { ...sqlite3, verbose: () => sqlite3 };

async function connect(path: string, options: object, busyTimeout: number): Promise<DataSource> {
  const source = new DataSource({
    type: 'sqlite', database: path, entities: ENTITIES, migrations: MIGRATIONS, logging: false,
    busyTimeout, driver: QUIET_DRIVER, ...options,
  });
  try {
    return await source.initialize();
  } catch (error) {
    throw databaseError(path, error);
  }
}

async function expectPragma(source: DataSource, path: string, name: string, expected: unknown): Promise<void> {
  const [row] = await source.query<Record<string, unknown>[]>(`pragma ${name}`);
  if (row?.[name] !== expected) {
    throw new IngestError('database', `database ${path}: expected ${name} ${String(expected)}, found ${String(row?.[name])}; `
      + 'put it on a local disk: without this a power loss could cost rows');
  }
}
