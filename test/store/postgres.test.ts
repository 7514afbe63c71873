import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { messageOf } from '../../src/errors.js';
import { openBatch } from '../../src/ingest/open.js';
import { refuseBatch } from '../../src/ingest/refuse.js';
import { lockAccount } from '../../src/store/accounts.js';
import { findBatch, markArchived } from '../../src/store/batches.js';
import { Database, type Transaction } from '../../src/store/database.js';
import { connectPostgres } from '../../src/store/postgres-connection.js';
import { postgresTarget } from '../../src/store/postgres-target.js';
import { watched } from '../../src/store/postgres-watch.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { Cluster } from '../support/cluster.js';
import { POSTGRES } from '../support/engines.js';
import { Proxy } from '../support/proxy.js';
import { Worlds } from '../support/world.js';

/** What PostgreSQL brings that SQLite has not: transactions at once, a server that may go away, a password. */

const ADD = "insert into client_account (account_number, last_updated) values (?, 'now')";

let url: string;
let one: Database;
let other: Database;
beforeEach(async () => {
  url = await POSTGRES.create();
  [one, other] = [await Database.open(url), await Database.open(url)];
});
afterEach(async () => {
  await one.close();
  await other.close();
  await POSTGRES.remove(url);
});

const accounts = async (database: Database): Promise<string[]> =>
  (await database.reader.rows<{ account_number: string }>('select account_number from client_account order by 1')).map(({ account_number }) => account_number);

/** The transaction, in which something else happens behind its first look at the database. */
function lookingFirst(tx: Transaction, then: () => Promise<void>): Transaction {
  let hasLooked = false;
  const rows: Transaction['rows'] = async (sql, params) => {
    const found = await tx.rows<never>(sql, params);
    if (!hasLooked) {
      hasLooked = true;
      await then();
    }
    return found;
  };
  return Object.create(tx, { rows: { value: rows } }) as Transaction;
}

describe('transactions of two programs at once', () => {
  test('take the same content once: one is In Progress, the other a Duplicate of it', async () => {
    const open = (database: Database, claim: string) => database.write(async (tx) => openBatch(tx, { filename: 'a.xlsx', hash: 'aa', claim }));
    const opened = await Promise.all([open(one, 'one'), open(other, 'other'), open(one, 'third'), open(other, 'fourth')]);
    expect(opened.map(({ batch_status: status }) => status).sort()).toEqual(['Duplicate', 'Duplicate', 'Duplicate', 'In Progress']);
  });

  test('begin content that ended in Error anew once: the others are Duplicates of it', async () => {
    const open = (database: Database, claim: string) => database.write(async (tx) => openBatch(tx, { filename: 'a.xlsx', hash: 'aa', claim }));
    const { id } = await open(one, 'at first');
    await one.write(async (tx) => { await refuseBatch(tx, id, 'no rows'); await markArchived(tx, id, null); });
    const opened = await Promise.all([open(one, 'one'), open(other, 'other'), open(one, 'third'), open(other, 'fourth')]);
    expect(opened.map(({ batch_status: status }) => status).sort()).toEqual(['Duplicate', 'Duplicate', 'Duplicate', 'In Progress']);
    expect((await findBatch(one.reader, id))!.claim).toBe(opened.find((batch) => batch.id === id)!.claim);
  });

  test('leave no Duplicate of what is refused while it is opened', async () => {
    const { id } = await one.write(async (tx) => openBatch(tx, { filename: 'a.xlsx', hash: 'aa', claim: 'first' }));
    const opened = await other.write(async (tx) => openBatch(lookingFirst(tx, async () => {
      await one.write(async (refusing) => refuseBatch(refusing, id, 'no rows'));
    }), { filename: 'b.xlsx', hash: 'aa', claim: 'second' }));
    expect(opened.batch_status).toBe('In Progress');
  });

  test('fail a Duplicate with what is refused behind its opening, though that has not ended yet', async () => {
    const { id } = await one.write(async (tx) => openBatch(tx, { filename: 'a.xlsx', hash: 'aa', claim: 'first' }));
    let refused: Promise<void> | undefined;
    await other.write(async (tx) => {
      await openBatch(tx, { filename: 'b.xlsx', hash: 'aa', claim: 'second' });
      let hasEnded = false;
      refused = one.write(async (refusing) => refuseBatch(refusing, id, 'no rows')).finally(() => { hasEnded = true; });
      while (!hasEnded && (await one.reader.rows("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).length === 0) await rest(5);
    });
    await refused;
    expect(await one.reader.rows('select batch_status from stage_batch')).toEqual([{ batch_status: 'Error' }, { batch_status: 'Error' }]);
  });

  test('change different accounts at once, and one account one after another', async () => {
    await one.write(async (tx) => { for (const number of ['CL-1', 'CL-2']) await tx.rows(ADD, [number]); });
    const order: string[] = [];
    let hot: Promise<void> | undefined;
    await one.write(async (tx) => {
      await lockAccount(tx, 1);
      hot = other.write(async (inner) => { await lockAccount(inner, 1); order.push('same account'); });
      await other.write(async (inner) => { await lockAccount(inner, 2); order.push('other account'); });
      order.push('first');
    });
    await hot;
    expect(order).toEqual(['other account', 'first', 'same account']);
  });

  test('that lock each other out are begun again, and both end', async () => {
    await one.write(async (tx) => { for (const number of ['CL-1', 'CL-2']) await tx.rows(ADD, [number]); });
    let attempts = 0;
    const crossed = (database: Database, first: number, second: number) => database.write(async (tx: Transaction) => {
      attempts += 1;
      await lockAccount(tx, first);
      await tx.rows('select pg_sleep(0.1)');
      await lockAccount(tx, second);
      await tx.rows('update client_account set last_updated = last_updated || ? where id = ?', ['+', second]);
    });
    await Promise.all([crossed(one, 1, 2), crossed(other, 2, 1)]);
    expect(attempts).toBeGreaterThan(2);
    expect(await one.reader.rows('select last_updated from client_account order by id')).toEqual([{ last_updated: 'now+' }, { last_updated: 'now+' }]);
  });
});

describe('admission of files at once', () => {
  const worlds = new Worlds(POSTGRES);
  afterAll(worlds.close);

  test('that contradict each other about an account that is new lets the first stand and fails the other', async () => {
    const world = await worlds.open(POLICY);
    const staged = await Promise.all([1, 2, 3, 4].map(async (amount) => world.stage(file(`f${amount}`, row('2022-01-28', 'x', amount), row('2022-01-28', `only-${amount}`, 1)))));
    await Promise.all(staged.map(async ({ id }) => world.finish(id)));
    expect(await world.database.reader.rows("select count(*) as rows from stage_record where process_status = 'Failed'")).toEqual([{ rows: 3 }]);
    expect(await world.database.reader.rows('select batch_status, failure_count from stage_batch order by failure_count')).toEqual(
      [0, 1, 1, 1].map((failure_count) => ({ batch_status: 'Complete', failure_count })));
    expect((await world.chains()).map(({ reference }) => reference)).toEqual(['only-1', 'only-2', 'only-3', 'only-4', 'x']);
  });
});

describe('a server that goes away', () => {
  test('takes back what was not committed when it ends a connection; the next transaction has another', async () => {
    await one.write(async (tx) => tx.rows(ADD, ['kept']));
    await expect(one.write(async (tx) => {
      await tx.rows(ADD, ['lost']);
      await tx.rows('select pg_terminate_backend(pg_backend_pid())');
    })).rejects.toMatchObject({ code: 'database', retryable: true });
    await one.write(async (tx) => tx.rows(ADD, ['after']));
    expect(await accounts(one)).toEqual(['after', 'kept']);
  });

  test('keeps what was committed when it crashes, and is found again once it is back', async () => {
    const cluster = await Cluster.create();
    await cluster.start();
    const database = await Database.open(cluster.url('postgres'));
    try {
      await database.write(async (tx) => tx.rows(ADD, ['kept']));
      await expect(database.write(async (tx) => {
        await tx.rows(ADD, ['lost']);
        await cluster.crash();
      })).rejects.toMatchObject({ code: 'database', retryable: true });
      await expect(accounts(database)).rejects.toMatchObject({ code: 'database', retryable: true, message: expect.stringContaining('nobody listens there') });
      await cluster.start();
      await database.write(async (tx) => tx.rows(ADD, ['after']));
      expect(await accounts(database)).toEqual(['after', 'kept']);
    } finally {
      await database.close();
      await cluster.remove();
    }
  });
});

test('a server that takes no changes any more is left by all transactions that find it out, and all connections end with the database', async () => {
  const proxy = await Proxy.before(url);
  const database = await Database.open(proxy.url);
  /** Finds a standby at first. */
  const write = async (name: string): Promise<void> => {
    let attempts = 0;
    await database.write(async (tx) => {
      if ((attempts += 1) === 1) await tx.rows('set transaction read only');
      await tx.rows(ADD, [name]);
    });
  };
  const names = Array.from({ length: 30 }, (_, number) => `CL-${String(number).padStart(2, '0')}`);
  await Promise.all(names.map(write));
  expect(await accounts(database)).toEqual(names);
  await database.close();
  await (await connectPostgres(url, 1)).destroy();
  expect(proxy.cut()).toBe(0);
  await proxy.close();
});

describe('a question whose answer does not come', () => {
  const PATIENCE_MS = 100;
  let proxy: Proxy;
  let source: DataSource;
  beforeEach(async () => {
    proxy = await Proxy.before(url);
    source = await connectPostgres(proxy.url, 1);
  });
  afterEach(async () => {
    await proxy.close();
    await source.destroy();
  });

  /** Asks; `meanwhile` happens once the question is on its way. */
  async function ask(sql: string, meanwhile: () => void): Promise<unknown> {
    const runner = source.createQueryRunner();
    await runner.connect();
    const answered = watched(proxy.url, runner, async () => runner.query(sql), PATIENCE_MS);
    meanwhile();
    return answered.finally(() => runner.release());
  }

  test('is waited for as long as the server is at it', async () => {
    expect(await ask('select pg_sleep(0.8), 1 as done', () => undefined)).toEqual([{ pg_sleep: '', done: 1 }]);
  });

  test('is waited for behind a pooler, too, which greets with a number of its own', async () => {
    await source.destroy();
    proxy.isPooler = true;
    source = await connectPostgres(proxy.url, 1);
    expect(await ask('select pg_sleep(0.8), 1 as done', () => undefined)).toEqual([{ pg_sleep: '', done: 1 }]);
  });

  test('is given up where the server has answered it, or knows nothing of it: the way to it is broken', async () => {
    await expect(ask('select 1', () => proxy.silence(false))).rejects.toThrow('Connection terminated');
    expect(await ask('select 1 as done', () => undefined)).toEqual([{ done: 1 }]);
  });

  test('is given up where the server does not answer at all', async () => {
    await expect(ask('select 1', () => proxy.silence(true))).rejects.toThrow('Connection terminated');
  });
});

describe('what is in the database', () => {
  test('has no two live versions of an item that overlap: the database refuses them', async () => {
    await one.write(async (tx) => {
      await tx.rows(ADD, ['CL-1']);
      await tx.rows("insert into stage_batch (filename, batch_status, start_date) values ('a', 'Complete', 'now')");
    });
    const version = (from: string, to: string | null) => one.write(async (tx) => tx.rows(
      "insert into master_record (client_account_id, external_reference, from_date, to_date, last_updated, batch_id) values (1, 'x', ?, ?, 'now', 1)", [from, to]));
    await version('2022-01-28', '2022-02-28');
    await expect(version('2022-02-01', '2022-02-10')).rejects.toThrow('master_record_no_overlap');
    await version('2022-02-28', null);
  });

  test('is compared byte by byte, whatever the order of texts is on the server', async () => {
    await one.write(async (tx) => { for (const number of ['a', 'B', 'ä', 'A', 'b']) await tx.rows(ADD, [number]); });
    expect(await accounts(one)).toEqual(['A', 'B', 'a', 'b', 'ä']);
  });
});

describe('the password', () => {
  test('comes from the file named, the credential, the setting or PGPASSWORD, the first there is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scd-password-'));
    const before = { ...process.env };
    try {
      await writeFile(join(folder, 'named'), 'from the file\n');
      process.env['PGPASSWORD'] = 'from the environment';
      const password = (setting: string): string | undefined => postgresTarget(setting).password;
      expect(password('postgres://app@db/scd')).toBe('from the environment');
      expect(password('postgres://app:from%20the%20setting@db/scd')).toBe('from the setting');
      expect(password(`postgres://app:x@db/scd?passwordfile=${folder}/named`)).toBe('from the file');
      process.env['CREDENTIALS_DIRECTORY'] = folder;
      await writeFile(join(folder, 'database-password'), 'from systemd\n');
      expect(password('postgres://app:x@db/scd')).toBe('from systemd');
      expect(() => password('postgres://app@db/scd?passwordfile=/nowhere')).toThrow('database: passwordfile /nowhere cannot be read');
    } finally {
      process.env = before;
      await rm(folder, { recursive: true });
    }
  });

  test('is in no message', async () => {
    const secret = new URL(url);
    [secret.username, secret.password, secret.port] = ['app', 'hush', '1'];
    const failure = await Database.open(secret.href).then(() => 'it was opened', messageOf);
    expect(failure).toContain('postgres://app:***@');
    expect(failure).not.toContain('hush');
  });
});
