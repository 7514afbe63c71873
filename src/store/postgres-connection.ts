import { types } from 'pg';
import { DataSource, type QueryResult, type QueryRunner } from 'typeorm';
import { IngestError, messageOf, systemCode } from '../errors.js';
import { ENTITIES } from './entities/index.js';
import { Initial1700000000001 } from './migrations/0001-initial.js';
import { shownUrl } from '../config/database-url.js';
import { postgresTarget } from './postgres-target.js';
import { refuseNewerSchema } from './schema-version.js';

/** Opens PostgreSQL through TypeORM; the one place that names the driver. */

const CONNECT_TIMEOUT_MS = 10_000;

/** A pool of connections, at most `size`. */
export async function connectPostgres(url: string, size: number, settings: Readonly<Record<string, string>> = {}): Promise<DataSource> {
  const { host, port, user, database, password, ssl, applicationName } = postgresTarget(url);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ');
  const source = new DataSource({
    type: 'postgres', host, port, database, applicationName, entities: ENTITIES, migrations: [Initial1700000000001], logging: false,
    ...(user === undefined ? {} : { username: user }), ...(password === undefined ? {} : { password }),
    poolSize: size, connectTimeoutMS: CONNECT_TIMEOUT_MS, installExtensions: false,
    // An idle connection that breaks is replaced when the next one is asked for.
    poolErrorHandler: () => undefined,
    extra: { types: { getTypeParser: parserOf }, keepAlive: true, options, ssl },
  });
  try {
    return await source.initialize();
  } catch (error) {
    throw postgresError(url, error);
  }
}

/** Any number that marks this program among those that use a server's advisory locks. */
const MIGRATION_LOCK = 1_936_941_413;

/** Brings the schema up to date; nodes that start at once do it one after another. */
export async function migratePostgres(url: string, source: DataSource): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseNewerSchema(source, shownUrl(url));
    await source.runMigrations({ transaction: 'all' });
  } catch (error) {
    throw postgresError(url, error);
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    await runner.release();
  }
}

/** Asks on one connection; rows come in the same shape for every kind of statement. */
export async function queryPostgres<T>(url: string, runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<T[]> {
  return ((await resultOf(url, runner, sql, params)).records ?? []) as T[];
}

/** How many rows a statement changed. */
export async function changedByPostgres(url: string, runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<number> {
  return (await resultOf(url, runner, sql, params)).affected ?? 0;
}

async function resultOf(url: string, runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<QueryResult> {
  try {
    return await runner.query(sql, params.map(storable), true);
  } catch (error) {
    throw postgresError(url, error);
  }
}

const INTEGER8 = 20;
const NUMERIC = 1700;
const DATE = 1082;
const BOOLEAN = 16;

/** Values come back as SQLite gives them: numbers, dates as `YYYY-MM-DD`, booleans as 0 and 1. */
function parserOf(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INTEGER8 || oid === NUMERIC) return Number;
  if (oid === DATE) return String;
  if (oid === BOOLEAN) return (value: string) => Number(value === 't');
  return types.getTypeParser(oid, format ?? 'text');
}

const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/giu;

/** PostgreSQL keeps neither NUL nor half a surrogate pair, as such or escaped in JSON; only raw cells of failed rows have them. */
function storable(param: unknown): unknown {
  if (typeof param !== 'string') return param;
  const text = param.includes('\0') ? param.replaceAll('\0', '\ufffd') : param;
  return text.includes('\\u') ? text.replace(UNSTORABLE, '$1\ufffd') : text;
}

/** What went wrong with the database, for people. */
export function postgresError(url: string, error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  const driverError = (error as { driverError?: unknown }).driverError ?? error;
  const code = systemCode(driverError) ?? (isConnectionLost(error) ? LOST : '');
  const hint = HINTS[code] ?? messageOf(driverError);
  const constraint = (driverError as { constraint?: unknown }).constraint;
  return new IngestError('database', `database ${shownUrl(url)}: ${hint}`, { cause: error, facts: { code, constraint }, retryable: true });
}

/** The code of a connection that ended without one. */
const LOST = 'connection-lost';

function isConnectionLost(error: unknown): boolean {
  return /connection terminated|not queryable|already released|connection ended|timeout exceeded when trying to connect/iu.test(messageOf(error));
}

const GONE = 'the connection was lost; what was not committed is not kept, it is tried again';
const HINTS: Readonly<Record<string, string>> = {
  [LOST]: GONE,
  ECONNRESET: GONE,
  EPIPE: GONE,
  '57P01': GONE,
  '57P02': GONE,
  '57P03': 'the server is starting up or shutting down; it is tried again',
  '08006': GONE,
  ECONNREFUSED: 'nobody listens there: start the server, or mend host and port in the setting',
  ENOTFOUND: 'its host is not known: mend it in the setting',
  ETIMEDOUT: 'its host does not answer',
  '28P01': 'the server refuses the password; it comes from passwordfile, the credential database-password, the setting itself or PGPASSWORD',
  '28000': 'the server refuses this user or wants TLS: look at its pg_hba.conf',
  '3D000': 'there is no such database on the server; create it first (createdb)',
  '42501': 'the user lacks a right there; it has to own the database, or be granted create on it and its schema',
  '53100': 'the disk of the server is full; nothing of this step was kept, it is tried again',
  '53300': 'the server has no connection left (max_connections); it is tried again',
};
