import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addBatch } from '../../src/store/batches.js';
import { Database, type Transaction } from '../../src/store/database.js';
import { ENGINES, POSTGRES } from '../support/engines.js';

/** What must not be, the database refuses itself, whoever writes. */

describe.each(ENGINES)('on $name the database', (engine) => {
  let url: string;
  let database: Database;
  beforeEach(async () => {
    url = await engine.create();
    database = await Database.open(url);
    await database.write(async (tx) => {
      await tx.rows("insert into client_account (account_number, last_updated) values ('CL-1', 'now'), ('CL-2', 'now')");
      await addBatch(tx, { filename: 'a.xlsx', hash: 'aa', claim: 'one', status: 'In Progress' });
    });
  });
  afterEach(async () => {
    await database.close();
    await engine.remove(url);
  });

  const write = async (sql: string, params: readonly unknown[] = []): Promise<unknown> => database.write(async (tx) => tx.rows(sql, params));
  const refused = async (work: Promise<unknown>, what: RegExp): Promise<void> =>
    expect(work).rejects.toMatchObject({ name: 'IngestError', code: 'database', message: expect.stringMatching(what) });
  const version = async (changes: Record<string, unknown> = {}): Promise<unknown> => {
    const row = {
      client_account_id: 1, external_reference: 'A', from_date: '2022-01-28', to_date: null, last_updated: 'now', is_deleted: false,
      is_placeholder: false, is_missing: false, batch_id: 1, ...changes,
    };
    return write(`insert into master_record (${Object.keys(row).join(', ')}) values (${Object.keys(row).map(() => '?').join(', ')})`, Object.values(row));
  };
  const count = async (table: string): Promise<number> =>
    Number((await database.reader.rows<{ count: number }>(`select count(*) as count from ${table}`))[0]!.count);

  test('refuses a second live version of an item with the same start', async () => {
    await version({ to_date: '2022-02-28' });
    await refused(version({ to_date: '2022-03-28' }), /unique|overlap|exclu/iu);
    expect(await count('master_record')).toBe(1);
  });

  test('refuses a second open version of an item', async () => {
    await version();
    await refused(version({ from_date: '2022-02-28' }), /unique|overlap|exclu/iu);
  });

  (engine === POSTGRES ? test : test.skip)('refuses live versions of an item that overlap, open or closed, whichever comes first', async () => {
    await version({ from_date: '2022-02-01', to_date: '2022-03-01' });
    await refused(version({ from_date: '2022-01-01', to_date: '2022-02-02' }), /no_overlap/iu);
    await refused(version({ from_date: '2022-01-01' }), /open version overlaps/iu);
    await refused(version({ from_date: '2022-02-28' }), /open version overlaps/iu);
    await version({ from_date: '2022-03-01' });
    await refused(version({ from_date: '2022-01-01', to_date: '2022-03-02' }), /overlap/iu);
    await refused(version({ from_date: '2022-03-02', to_date: '2022-03-04' }), /open version overlaps/iu);
    await version({ from_date: '2022-01-01', to_date: '2022-02-01' });
    await refused(write("update master_record set to_date = '2022-03-02' where from_date = '2022-02-01'"), /open version overlaps/iu);
    await refused(write("update master_record set from_date = '2022-02-20' where to_date is null"), /open version overlaps/iu);
    await version({ from_date: '2022-02-15', to_date: '2022-04-01', is_deleted: true });
    await refused(write('update master_record set is_deleted = false where is_deleted'), /overlap/iu);
    expect(await count('master_record')).toBe(4);
  });

  (engine === POSTGRES ? test : test.skip)('refuses them, too, where two transactions write them at once', async () => {
    let waits: Promise<unknown> | undefined;
    await database.write(async (tx) => {
      await tx.rows(`insert into master_record (client_account_id, external_reference, from_date, last_updated, batch_id) values (1, 'A', '2022-02-01', 'now', 1)`);
      waits = refused(version({ from_date: '2022-01-01', to_date: '2022-03-01' }), /open version overlaps/iu);
      const blocked = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      while ((await database.reader.rows(blocked)).length === 0);
    });
    await waits;
    expect(await count('master_record')).toBe(1);
  });

  test('takes what only looks like one: of another item, of another account, or soft-deleted', async () => {
    await version();
    await version({ external_reference: 'a' });
    await version({ client_account_id: 2 });
    await version({ is_deleted: true });
    await version({ is_deleted: true });
    expect(await count('master_record')).toBe(5);
  });

  test('refuses a soft-deleted version to come back where another took its place', async () => {
    await version({ is_deleted: true });
    await version();
    await refused(write('update master_record set is_deleted = false where is_deleted'), /unique|overlap|exclu/iu);
  });

  test('refuses a version that ends where it starts, or before', async () => {
    await refused(version({ to_date: '2022-01-28' }), /check/iu);
    await refused(version({ to_date: '2022-01-27' }), /check/iu);
    expect(await count('master_record')).toBe(0);
  });

  test('refuses a placeholder that is missing as well', async () => {
    await refused(version({ is_placeholder: true, is_missing: true }), /check/iu);
  });

  test('refuses one content twice on its way or on record, and takes it again once the first has failed or is deleted', async () => {
    const add = async (claim: string, status: 'In Progress' | 'Duplicate' = 'In Progress'): Promise<unknown> =>
      database.write(async (tx) => addBatch(tx, { filename: 'b.xlsx', hash: 'aa', claim, status }));
    for (const status of ['In Progress', 'Ready', 'Held', 'Complete']) {
      await write('update stage_batch set batch_status = ? where id = 1', [status]);
      await refused(add('two'), /unique/iu);
    }
    await add('copy', 'Duplicate');
    for (const [claim, status] of [['three', 'Error'], ['four', 'Deleted']] as const) {
      await write("update stage_batch set batch_status = ? where batch_status in ('In Progress', 'Complete')", [status]);
      await add(claim);
    }
    expect(await count('stage_batch')).toBe(4);
  });

  test('refuses a claim twice, and any status or action that nobody knows', async () => {
    await refused(database.write(async (tx) => addBatch(tx, { filename: 'b.xlsx', hash: 'bb', claim: 'one', status: 'In Progress' })), /unique/iu);
    await refused(write("update stage_batch set batch_status = 'Done'"), /check/iu);
    const record = (status: string, action: string): Promise<unknown> => write(
      "insert into stage_record (batch_id, row_number, insert_date, process_status, process_action) values (1, 2, 'now', ?, ?)", [status, action]);
    await refused(record('Done', 'N/A'), /check/iu);
    await refused(record('Processed', 'Insert'), /check/iu);
    await record('Processed', 'Merge');
  });

  test('refuses what points to nothing: versions, rows and accounts of batches that are not there', async () => {
    await refused(version({ batch_id: 99 }), /foreign key/iu);
    await refused(version({ client_account_id: 99 }), /foreign key/iu);
    await refused(write("insert into stage_record (batch_id, row_number, insert_date, process_status, process_action) values (99, 2, 'now', 'Failed', 'N/A')"), /foreign key/iu);
    await refused(write('insert into batch_account (batch_id, client_account_id) values (1, 99)'), /foreign key/iu);
    await refused(write('delete from client_account where id = 1').then(async () => version()), /foreign key/iu);
  });

  test('refuses a version to be moved to a batch or an account that is not there', async () => {
    await version();
    await refused(write('update master_record set batch_id = 99'), /foreign key/iu);
    await refused(write('update master_record set client_account_id = 99'), /foreign key/iu);
    await write('update master_record set client_account_id = 2');
  });

  test('refuses to take away what is pointed to: batches with rows or versions, accounts with versions', async () => {
    await refused(write("insert into stage_record (batch_id, row_number, insert_date, process_status, process_action) select id, 2, 'now', 'Failed', 'N/A' from stage_batch").then(async () => write('delete from stage_batch')), /foreign key/iu);
    await refused(write('update stage_batch set id = 99'), /foreign key/iu);
    await write('delete from stage_record');
    await version();
    await refused(write('delete from stage_batch'), /foreign key/iu);
    await refused(write('delete from client_account'), /foreign key/iu);
    await refused(write('update client_account set id = id + 98'), /foreign key/iu);
    await write('delete from client_account where id = 2');
  });

  test('takes rows of several batches in one statement, and none of them where one is not there', async () => {
    await write("insert into stage_batch (filename, batch_status, start_date) values ('b.xlsx', 'In Progress', 'now')");
    const add = async (ids: readonly number[]): Promise<unknown> => write(`insert into stage_record (batch_id, row_number, insert_date, process_status, process_action)
      values ${ids.map((id) => `(${id}, 2, 'now', 'Failed', 'N/A')`).join(', ')}`);
    await add([1, 2, 1]);
    await refused(add([1, 99, 2]), /foreign key/iu);
    expect(await count('stage_record')).toBe(3);
  });

  test('refuses an account twice, and a batch that is taken off an account before it counted for it', async () => {
    await refused(write("insert into client_account (account_number, last_updated) values ('CL-1', 'now')"), /unique/iu);
    await refused(write('insert into batch_account (batch_id, client_account_id, applied_seq, removed_seq) values (1, 1, 5, 4)'), /check/iu);
  });

  test('keeps nothing of a transaction in which something was refused', async () => {
    const work = async (tx: Transaction): Promise<void> => {
      await tx.rows("insert into client_account (account_number, last_updated) values ('CL-3', 'now')");
      await tx.rows('update stage_batch set duplicate_of = 99');
    };
    await refused(database.write(work), /foreign key/iu);
    expect(await count('client_account')).toBe(2);
  });
});
