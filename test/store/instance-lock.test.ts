import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as rest } from 'node:timers/promises';
import { Client } from 'pg';
import { InstanceLock } from '../../src/store/instance-lock.js';
import { POSTGRES, SQLITE, type Engine } from '../support/engines.js';

let engine: Engine;
let url: string;
const onEngine = (of: Engine): void => {
  beforeEach(async () => { engine = of; url = await of.create(); });
  afterEach(async () => engine.remove(url));
};

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

describe('the right to take files in for a SQLite database', () => {
  onEngine(SQLITE);

  test('is one holder’s until it gives it back', async () => {
    const lock = await InstanceLock.take(url, 'node-1');
    await expect(InstanceLock.take(url, 'node-1')).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('another scd-inbox already takes in files for it') });
    await lock.release();
    await lock.release();
    await (await InstanceLock.take(url, 'node-1')).release();
  });
});

describe('the right to take files in for a PostgreSQL database as a node', () => {
  onEngine(POSTGRES);

  test('is waited for a moment: a server may notice late that the program which had it is gone', async () => {
    const [gone, asking] = [await connected(), await connected()];
    await gone.query("select pg_try_advisory_lock(1936941414, hashtext('north'))");
    const taking = InstanceLock.take(url, 'north');
    const asked = "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '%pg_try_advisory_lock($1%'";
    while ((await asking.query(asked)).rowCount === 0) await rest(5);
    await gone.end();
    await (await taking).release();
    await asking.end();
  });

  test('is one program\'s', async () => {
    const lock = await InstanceLock.take(url, 'north');
    await expect(InstanceLock.take(url, 'north')).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('already takes in files for it as node north') });
    await (await InstanceLock.take(url, 'south')).release();
    await lock.release();
  });
});
