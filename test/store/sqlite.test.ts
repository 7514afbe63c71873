import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { IngestError } from '../../src/errors.js';
import { Database, openReader, type Transaction } from '../../src/store/database.js';
import { Statements } from '../../src/store/sqlite-statements.js';

/** What is SQLite's own: one writer, one file, its locks. What every database promises: `database.test.ts`. */

// eslint-disable-next-line @typescript-eslint/unbound-method
const original = Statements.prototype.all;

let folder: string;
let url: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scd-sqlite-'));
  url = `sqlite:${join(folder, 'below', 'test.db')}`;
  database = await Database.open(url);
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function addAccount(tx: Transaction, number: string): Promise<void> {
  await tx.rows("insert into client_account (account_number, last_updated) values (?, 'now')", [number]);
}

async function accounts(): Promise<string[]> {
  return (await database.reader.rows<{ account_number: string }>('select account_number from client_account order by id')).map(({ account_number }) => account_number);
}

describe('the writer', () => {
  test('runs transactions one after another in the order in which they were asked for, however long each waits', async () => {
    const told: string[] = [];
    const asked = ['a', 'b', 'c', 'd', 'e'].map(async (name, index) => database.write(async (tx) => {
      told.push(`${name} begins`);
      for (let turn = index; turn < 5; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
      await addAccount(tx, name);
      told.push(`${name} ends`);
    }));
    await Promise.all(asked);
    expect(told).toEqual(['a', 'b', 'c', 'd', 'e'].flatMap((name) => [`${name} begins`, `${name} ends`]));
    expect(await accounts()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('commits together what waits while it is busy, and takes each for itself', async () => {
    const commits: string[] = [];
    const all = jest.spyOn(Statements.prototype, 'all').mockImplementation(async function (this: Statements, sql: string, params: readonly unknown[]) {
      if (sql === 'commit') commits.push(sql);
      return original.call(this, sql, params);
    });
    const names = Array.from({ length: 40 }, (_, index) => `account ${index}`);
    expect(await Promise.all(names.map(async (name) => database.write(async (tx) => { await addAccount(tx, name); return name; })))).toEqual(names);
    all.mockRestore();
    expect(await accounts()).toEqual(names);
    expect(commits.length).toBe(4);
  });

  test('believes no second sync: where a disk fails under a commit, all that were to be committed with it fail', async () => {
    let commits = 0;
    const all = jest.spyOn(Statements.prototype, 'all').mockImplementation(async function fail(this: Statements, sql, params) {
      if (sql !== 'commit' || (commits += 1) !== 2) return original.call(this, sql, params);
      throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
    });
    // What is asked for while another is at work is committed together.
    const asked = database.write(async () => undefined);
    const written = await Promise.allSettled(['a', 'b', 'c'].map(async (name) => database.write(async (tx) => addAccount(tx, name))));
    await asked;
    all.mockRestore();
    expect(written.map((one) => one.status === 'rejected' && (one.reason as IngestError).code)).toEqual(['disk', 'disk', 'disk']);
    expect(await accounts()).toEqual([]);
  });

  test('answers whatever is asked while thousands of rows come in, for which it gives its statements back', async () => {
    const prepare = jest.spyOn(sqlite3.Database.prototype, 'prepare');
    const answers = await database.write(async (tx) => {
      const rows = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => index));
      const bulk = async (): Promise<unknown> => tx.rows(`select count(*) as n from ${tx.dialect.valuesFromJson('integer')} as given`, [rows]);
      const small = async (number: number): Promise<unknown> => tx.rows('select ? as n', [number]);
      await small(0);
      return Promise.all([small(1), bulk(), small(2), small(3), bulk(), bulk(), small(4), tx.changed('update client_account set id = id', []), small(5)]);
    });
    expect(answers).toEqual([[{ n: 1 }], [{ n: 20_000 }], [{ n: 2 }], [{ n: 3 }], [{ n: 20_000 }], [{ n: 20_000 }], [{ n: 4 }], 0, [{ n: 5 }]]);
    // Kept, it is prepared once.
    expect(prepare.mock.calls.filter(([sql]) => sql === 'select ? as n').length).toBeGreaterThan(1);
    prepare.mockRestore();
  });

  test('waits for a lock once for all that wait together, not once for each', async () => {
    await database.close();
    database = await Database.open(`${url}?busySeconds=0.1`);
    const other = await Database.open(url);
    await other.write(async () => {
      let tried = 0;
      const all = jest.spyOn(Statements.prototype, 'all').mockImplementation(async function count(this: Statements, sql, params) {
        tried += sql === 'begin immediate' ? 1 : 0;
        return original.call(this, sql, params);
      });
      const written = await Promise.allSettled(['a', 'b', 'c'].map(async (name) => database.write(async (tx) => addAccount(tx, name))));
      all.mockRestore();
      expect(written.map((one) => one.status === 'rejected' && (one.reason as IngestError).facts['code'])).toEqual(['SQLITE_BUSY', 'SQLITE_BUSY', 'SQLITE_BUSY']);
      // The first for itself, and those that came meanwhile together.
      expect(tried).toBe(2);
    });
    await other.close();
    expect(await accounts()).toEqual([]);
  });

  test('waits for another program’s transaction instead of failing', async () => {
    const other = await Database.open(url);
    let release = (): void => undefined;
    let isIn = (): void => undefined;
    const inside = new Promise<void>((resolve) => { isIn = resolve; });
    const held = other.write(async (tx) => {
      await addAccount(tx, 'other');
      isIn();
      await new Promise<void>((resolve) => { release = resolve; });
    });
    await inside;
    const waiting = database.write(async (tx) => addAccount(tx, 'own'));
    setImmediate(release);
    await Promise.all([held, waiting]);
    expect(await accounts()).toEqual(['other', 'own']);
    await other.close();
  });
});

describe('the questioner', () => {
  test('cannot change anything', async () => {
    const reader = await openReader(url);
    await expect(reader.rows("insert into client_account (account_number, last_updated) values ('a', 'now')")).rejects.toMatchObject({ code: 'database', message: expect.stringContaining('read-only') });
    await reader.close();
  });

  test('refuses a database that is not there, and does not make one', async () => {
    await expect(openReader(`sqlite:${join(folder, 'none.db')}`)).rejects.toMatchObject({ code: 'database', message: expect.stringContaining('there is none yet') });
    await expect(openReader(`sqlite:${join(folder, 'none.db')}`)).rejects.toMatchObject({ code: 'database' });
  });
});

describe('a database file', () => {
  test('is kept so that a power loss costs nothing that was committed, and foreign keys hold', async () => {
    const pragma = async (name: string): Promise<unknown> => (await database.write(async (tx) => tx.rows<Record<string, unknown>>(`pragma ${name}`)))[0]?.[name];
    expect([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')]).toEqual(['wal', 2, 1]);
  });

  test('that is none is refused with what to do', async () => {
    await writeFile(join(folder, 'text.db'), 'this is no database, whatever its name says'.repeat(30));
    await expect(Database.open(`sqlite:${join(folder, 'text.db')}`)).rejects.toMatchObject({ name: 'IngestError', message: expect.stringContaining('the file is not a database; move it away or name another one') });
  });
});
