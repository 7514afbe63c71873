import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';

/** The engines that every test of the store and of what stands on it runs on: `describe.each(ENGINES)`. */
export interface Engine {
  readonly name: 'SQLite' | 'PostgreSQL';
  /** Makes an empty history. Returns its database setting. */
  create(): Promise<string>;
  /** Makes another with the same in it, while nobody is connected. */
  copy(url: string): Promise<string>;
  /** Takes it away again, whoever is still connected. */
  remove(url: string): Promise<void>;
  /** How many of so many runs of a property are enough here: creating a database takes its time. */
  runs(count: number): number;
}

export const SQLITE: Engine = {
  name: 'SQLite',
  create: async () => `sqlite:${join(await mkdtemp(join(tmpdir(), 'scd-database-')), 'test.db')}`,
  copy: async (url) => {
    const copied = await SQLITE.create();
    await cp(dirname(url.replace('sqlite:', '')), dirname(copied.replace('sqlite:', '')), { recursive: true });
    return copied;
  },
  remove: async (url) => rm(dirname(url.replace('sqlite:', '')), { recursive: true, force: true }),
  runs: (count) => count,
};

export const POSTGRES: Engine = {
  name: 'PostgreSQL',
  create: async () => clone(process.env['SCD_TEST_TEMPLATE']!),
  copy: async (url) => clone(nameOf(url)),
  remove: async (url) => administer(`drop database if exists ${nameOf(url)} with (force)`),
  runs: (count) => Math.ceil(count / 4),
};

/** Both, unless the environment names one: mutation testing does without a server. */
export const ENGINES: readonly Engine[] = [SQLITE, POSTGRES].filter(({ name }) => name === (process.env['SCD_TEST_ENGINE'] ?? name));

/** Runs a statement on the server of the test run. */
export async function administer(sql: string): Promise<void> {
  const client = new Client({ connectionString: process.env['SCD_TEST_SERVER'] });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function clone(template: string): Promise<string> {
  const name = `scd_test_${randomUUID().replaceAll('-', '')}`;
  await administer(`create database ${name} template ${template}`);
  const url = new URL(process.env['SCD_TEST_SERVER']!);
  url.pathname = `/${name}`;
  return url.href;
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
