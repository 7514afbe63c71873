import { Client, DatabaseError } from 'pg';
import type { QueryRunner } from 'typeorm';
import { postgresTarget } from './postgres-target.js';

/**
 * A server that vanishes without a word (a pulled cable, a firewall that forgot the connection) leaves a question open for
 * as long as the operating system cares to send it again, or for ever. So a question that takes long is asked about on a
 * connection of its own: is the server still at it? No statement is limited in time by that.
 */

/** How long an answer may take before it is asked about, and then between one time and the next. */
const PATIENCE_MS = 10_000;

/** Asks; gives the connection up where the server does not answer any more, or is not at it at two looks in a row. */
export async function watched<T>(url: string, runner: QueryRunner, ask: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const client = await runner.connect() as Client & { readonly backend: number };
  let isAnswered = false;
  let idleLooks = 0;
  const look = async (): Promise<void> => {
    const doing = await doingOf(url, client.backend, patienceMs);
    if (isAnswered) return;
    idleLooks = doing === 'at it' ? 0 : idleLooks + 1;
    if (doing === 'no answer' || idleLooks > 1) void client.end().catch(() => undefined);
    else timer.refresh();
  };
  const timer = setTimeout(() => void look(), patienceMs);
  try {
    return await ask();
  } finally {
    isAnswered = true;
    clearTimeout(timer);
  }
}

/** What a server does for a connection of ours. */
async function doingOf(url: string, backend: number, patienceMs: number): Promise<'at it' | 'nothing' | 'no answer'> {
  const { host, port, user, database, password, ssl, applicationName } = postgresTarget(url);
  const client = new Client({
    host, port, user, database, password, ssl, application_name: applicationName, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('select 1 from pg_stat_activity where pid = $1 and state = $2', [backend, 'active']);
    return rows.length > 0 ? 'at it' : 'nothing';
  } catch (error) {
    // It has an answer, though a bad one: it may have no connection left.
    return error instanceof DatabaseError ? 'at it' : 'no answer';
  } finally {
    void client.end().catch(() => undefined);
  }
}
