import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nextChange } from '../../src/store/changes.js';
import { Database, openReader, type Transaction } from '../../src/store/database.js';
import { ENGINES } from '../support/engines.js';

/** What every database promises, whichever it is. */

describe.each(ENGINES)('on $name', (engine) => {
  let url: string;
  let database: Database;
  beforeEach(async () => {
    url = await engine.create();
    database = await Database.open(url);
  });
  afterEach(async () => {
    await database.close();
    await engine.remove(url);
  });

  const addAccount = async (tx: Transaction, number: string): Promise<void> => {
    await tx.rows("insert into client_account (account_number, last_updated) values (?, 'now')", [number]);
  };
  const accounts = async (): Promise<string[]> =>
    (await database.reader.rows<{ account_number: string }>('select account_number from client_account order by account_number')).map(({ account_number }) => account_number);
  const add = async (...numbers: string[]): Promise<void> => database.write(async (tx) => { for (const number of numbers) await addAccount(tx, number); });

  describe('a transaction', () => {
    test('keeps nothing of work that throws, and the next goes on', async () => {
      const failing = database.write(async (tx) => {
        await addAccount(tx, 'lost');
        throw new Error('no');
      });
      const next = add('kept');
      await expect(failing).rejects.toThrow('no');
      await next;
      expect(await accounts()).toEqual(['kept']);
    });

    test('is kept though one asked for at the same time throws', async () => {
      const written = await Promise.allSettled(['a', 'b', 'throws', 'c', 'd'].map(async (name) => database.write(async (tx) => {
        await addAccount(tx, name);
        if (name === 'throws') throw new Error('no');
      })));
      expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(await accounts()).toEqual(['a', 'b', 'c', 'd']);
    });

    test('returns what its own work returned, however many are asked for at once', async () => {
      const names = Array.from({ length: 40 }, (_, index) => `account ${index + 10}`);
      expect(await Promise.all(names.map(async (name) => database.write(async (tx) => { await addAccount(tx, name); return name; })))).toEqual(names);
      expect(await accounts()).toEqual(names);
    });

    test('tells how many rows each of its statements changed, while others change some', async () => {
      await add('a', 'b', 'c');
      const touch = 'update client_account set last_updated = ? where account_number >= ?';
      expect(await Promise.all(['a', 'b', 'c', 'd'].map(async (from) => database.write(async (tx) => tx.changed(touch, ['then', from]))))).toEqual([3, 2, 1, 0]);
    });

    test('works after any number of refused statements', async () => {
      for (let time = 0; time < 20; time += 1) await expect(database.write(async (tx) => tx.rows('insert into nothing values (1)'))).rejects.toMatchObject({ code: 'database' });
      await add('kept');
      expect(await accounts()).toEqual(['kept']);
    });

    test('that took a refused statement back to a savepoint is kept, and what is refused later is told by its own reason', async () => {
      const work = (last: string) => async (tx: Transaction): Promise<void> => {
        await addAccount(tx, 'kept');
        await tx.rows('savepoint before');
        await expect(tx.rows('insert into nothing values (1)')).rejects.toThrow(/nothing/u);
        await tx.rows('rollback to savepoint before');
        await tx.rows(last);
      };
      await expect(database.write(work('insert into nowhere values (1)'))).rejects.toThrow(/nowhere/u);
      expect(await accounts()).toEqual([]);
      await database.write(work('release savepoint before'));
      expect(await accounts()).toEqual(['kept']);
    });

    test('that returns is kept whole or fails, also where its work goes on behind a refused statement', async () => {
      const outcome = await database.write(async (tx) => {
        await addAccount(tx, 'before');
        await tx.rows('insert into nothing values (1)').catch(() => undefined);
        return 'returned';
      }).catch(() => 'failed');
      expect([outcome, await accounts()]).toEqual(outcome === 'returned' ? ['returned', ['before']] : ['failed', []]);
    });
  });

  describe('a question', () => {
    test('sees what is committed and nothing else', async () => {
      await database.write(async (tx) => {
        await addAccount(tx, 'half');
        expect(await accounts()).toEqual([]);
      });
      expect(await accounts()).toEqual(['half']);
    });

    test('asked many times at once has its own answer each time', async () => {
      await add('a', 'b', 'c');
      const ask = 'select account_number from client_account where account_number > ?';
      const answers = await Promise.all(['', 'a', 'b', 'c', ''].map(async (after) => database.reader.rows(ask, [after])));
      expect(answers.map((rows) => rows.length)).toEqual([3, 2, 1, 0, 3]);
    });

    test('on a connection of its own cannot change anything', async () => {
      const reader = await openReader(url);
      await expect(reader.rows("insert into client_account (account_number, last_updated) values ('a', 'now')")).rejects.toMatchObject({ code: 'database' });
      await reader.close();
      expect(await accounts()).toEqual([]);
    });
  });

  describe('closing', () => {
    test('waits for the questions under way, though they are more than there are connections', async () => {
      const asked = Array.from({ length: 20 }, async () => database.reader.rows('select count(*) as count from client_account'));
      await database.close();
      expect(await Promise.all(asked)).toEqual(asked.map(() => [{ count: 0 }]));
    });

    test('ends what was asked for before; doing it twice is safe', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `account ${index + 10}`);
      const asked = names.map(async (name) => add(name));
      await Promise.all([database.close(), database.close()]);
      await Promise.all(asked);
      database = await Database.open(url);
      expect(await accounts()).toEqual(names);
    });

    test('leaves nothing to ask and nothing to write: what comes afterwards fails', async () => {
      await database.close();
      for (const late of [add('late'), accounts()]) await expect(late).rejects.toMatchObject({ code: 'database' });
      database = await Database.open(url);
      expect(await accounts()).toEqual([]);
    });
  });

  describe('a database', () => {
    test('whose schema is newer is refused, and nothing in it is touched', async () => {
      await database.write(async (tx) => tx.rows("insert into migrations (timestamp, name) values (1900000000001, 'Later1900000000001')"));
      const migrations = async (): Promise<object[]> => database.reader.rows('select timestamp, name from migrations order by timestamp');
      const before = await migrations();
      await expect(Database.open(url)).rejects.toMatchObject({
        code: 'database', message: expect.stringMatching(/its schema is newer than this program \(it has Later1900000000001\); run the version that wrote it/u),
      });
      expect(await migrations()).toEqual(before);
    });

    test('of the schema before has its rows, and the index of items by date first, when it is opened', async () => {
      await database.write(async (tx) => {
        await tx.rows("insert into stage_batch (filename, batch_status, start_date) values ('a.xlsx', 'Complete', 'now')");
        await tx.rows(`insert into stage_record (batch_id, row_number, effective_date, client_account, external_reference, insert_date, process_status, process_action)
          select id, 2, '2022-01-31', 'CL-1', 'x', 'now', 'Processed', 'Add' from stage_batch`);
        await tx.rows('drop index stage_record_item');
        await tx.rows('create index stage_record_item on stage_record (client_account, effective_date, external_reference)');
        await tx.rows("delete from migrations where name like 'ItemIndex%'");
      });
      await database.close();
      database = await Database.open(url);
      const definitions = engine.name === 'SQLite' ? "select sql as definition from sqlite_master where name = 'stage_record_item'" : "select indexdef as definition from pg_indexes where indexname = 'stage_record_item'";
      const [index] = await database.reader.rows<{ definition: string }>(definitions);
      expect(index!.definition).toMatch(/\(effective_date, client_account, external_reference\)$/u);
      expect(await database.reader.rows('select client_account, external_reference from stage_record')).toEqual([{ client_account: 'CL-1', external_reference: 'x' }]);
    });

    test('keeps what is in it when it is opened again', async () => {
      await add('kept');
      await database.close();
      database = await Database.open(url);
      expect(await accounts()).toEqual(['kept']);
    });
  });

  describe('the order of changes', () => {
    test('counts on by one, each at an instant of its own, though the clock runs backwards', async () => {
      await database.close();
      let now = Date.parse('2022-01-28T12:00:00.000Z');
      database = await Database.open(url, () => now);
      const changes = [];
      for (const ms of [0, -5_000, 7_000, -20_000]) {
        now += ms;
        changes.push(await database.write(nextChange));
      }
      expect(changes).toEqual([
        { seq: 1, at: '2022-01-28T12:00:00.000Z' }, { seq: 2, at: '2022-01-28T12:00:00.001Z' },
        { seq: 3, at: '2022-01-28T12:00:02.000Z' }, { seq: 4, at: '2022-01-28T12:00:02.001Z' },
      ]);
    });

    test('has no gap where a change was rolled back', async () => {
      await expect(database.write(async (tx) => { await nextChange(tx); throw new Error('no'); })).rejects.toThrow('no');
      expect(await database.write(nextChange)).toMatchObject({ seq: 1 });
    });

    test('has every number once, however many count at once', async () => {
      const changes = await Promise.all(Array.from({ length: 20 }, async () => database.write(nextChange)));
      expect(changes.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(changes.map((_, index) => index + 1));
    });
  });
});
