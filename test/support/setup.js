// @ts-check
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { Cluster } from './cluster.js';

/** The built program: Jest's global setup cannot import TypeScript. Not by name, for types are checked before the build. */
const BUILT = new URL('../../dist/store/database.js', import.meta.url).href;

/**
 * Around the test files of a run: a PostgreSQL server, unless the environment names one, with an empty history that every
 * test's database is cloned from.
 */
export default async function setup() {
  const named = process.env['SCD_TEST_POSTGRES'];
  const cluster = named === undefined ? await Cluster.create() : undefined;
  await cluster?.start();
  const server = named ?? /** @type {Cluster} */ (cluster).url('postgres');
  const template = `scd_test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${template}`);
  const url = new URL(server);
  url.pathname = `/${template}`;
  const { Database } = /** @type {typeof import('../../src/store/database.js')} */ (await import(BUILT));
  await (await Database.open(url.href)).close();
  process.env['SCD_TEST_SERVER'] = server;
  process.env['SCD_TEST_TEMPLATE'] = template;
  Object.assign(globalThis, {
    removeTestServer: async () => (cluster === undefined ? administer(server, `drop database ${template}`) : cluster.remove()),
  });
}

/** @param {string} server @param {string} sql */
async function administer(server, sql) {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}
