import { Client, types, type QueryConfig } from 'pg';
import { DataSource, type QueryResult, type QueryRunner } from 'typeorm';
import { ENTITIES } from './entities/index.js';
import { MIGRATIONS } from './migrations/index.js';
import { shownUrl } from '../config/database-url.js';
import { postgresError } from './postgres-errors.js';
import { postgresTarget } from './postgres-target.js';
import { watched } from './postgres-watch.js';
import { refuseNewerSchema } from './schema-version.js';

/** Opens PostgreSQL through TypeORM; the one place that names the driver. */

const CONNECT_TIMEOUT_MS = 10_000;
/** A connection to a server whose place another has taken is not kept for ever. */
const LIFETIME_SECONDS = 600;

/** What every session asks of the server: to notice soon, by itself, that this program is gone, and to free its locks. */
const SESSION = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '5', tcp_keepalives_count: '3', tcp_user_timeout: '30s' };

/**
 * What a session that changes anything asks beside that. A program that is stopped in the middle of a transaction, or
 * whose network is, must not hold its locks for longer.
 */
export function writing(idleSeconds: number): Readonly<Record<string, string>> {
  return { idle_in_transaction_session_timeout: `${Math.round(idleSeconds * 1000)}ms` };
}

/** What a session for questions asks beside that. */
export const ASKING = { default_transaction_read_only: 'on' };

/**
 * A server that ends a connection says so and then closes it: the second comes when the pool has let go of it already, and
 * an error that nobody listens to would end the program.
 */
class SteadyClient extends Client {
  /** The server's process for this session, as the server itself tells: a pooler greets with a number of its own. */
  backend = 0;

  constructor(options: ConstructorParameters<typeof Client>[0]) {
    super(options);
    this.on('error', () => undefined);
  }
}

/** A pool of connections, at most `size`. A server that does not answer is given up after `patienceMs`. */
export async function connectPostgres(
  url: string, size: number, settings: Readonly<Record<string, string>> = {}, patienceMs = CONNECT_TIMEOUT_MS,
): Promise<DataSource> {
  const { host, port, user, database, password, ssl, applicationName } = postgresTarget(url);
  const source = new DataSource({
    type: 'postgres', host, port, database, applicationName, entities: ENTITIES, migrations: MIGRATIONS, logging: false,
    ...(user === undefined ? {} : { username: user }), ...(password === undefined ? {} : { password }),
    poolSize: size, connectTimeoutMS: patienceMs, installExtensions: false,
    // An idle connection that breaks is replaced when the next one is asked for.
    poolErrorHandler: () => undefined,
    extra: {
      types: { getTypeParser: parserOf }, ssl, Client: SteadyClient,
      onConnect: async (client: SteadyClient) => ask(client, { ...SESSION, ...settings }, patienceMs),
      keepAlive: true, keepAliveInitialDelayMillis: CONNECT_TIMEOUT_MS, maxLifetimeSeconds: LIFETIME_SECONDS,
    },
  });
  try {
    return await source.initialize();
  } catch (error) {
    throw postgresError(url, error);
  }
}

/** Asks something of a session that has just begun. Not by its first message: a pooler in between would refuse that. */
async function ask(client: SteadyClient, settings: Readonly<Record<string, string>>, patienceMs: number): Promise<void> {
  const calls = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', false)`);
  // The driver knows the timeout, its types do not.
  const question: QueryConfig & { query_timeout: number } = { text: `select pg_backend_pid() as backend, ${calls.join(', ')}`, query_timeout: patienceMs };
  client.backend = (await client.query<{ backend: number }>(question)).rows[0]!.backend;
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

/** Commits. Throws, too, where the server takes everything back: a statement was refused, and the work went on behind it. */
export async function commitPostgres(url: string, runner: QueryRunner): Promise<void> {
  try {
    // The driver itself: of the answer TypeORM does not tell which it is.
    const client = await runner.connect() as Client;
    const { command } = await watched(url, runner, async () => client.query('commit'));
    if (command === 'ROLLBACK') throw Object.assign(new Error(TAKEN_BACK), { code: TRANSACTION_ROLLBACK });
  } catch (error) {
    throw postgresError(url, error);
  }
}

const TRANSACTION_ROLLBACK = '40000';
const TAKEN_BACK = 'nothing of the transaction is kept: a statement of it was refused, and what it belonged to went on all the same';

async function resultOf(url: string, runner: QueryRunner, sql: string, params: readonly unknown[]): Promise<QueryResult> {
  try {
    return await watched(url, runner, async () => runner.query(sql, params.map(storable), true));
  } catch (error) {
    throw postgresError(url, error);
  }
}

/** Gives a connection back that is of no use any more: the pool makes another. */
export async function discard(runner: QueryRunner): Promise<void> {
  const client = await runner.connect().catch(() => undefined) as Client | undefined;
  void client?.end().catch(() => undefined);
  await runner.release();
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
