import { afterAll, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';

const SETTINGS = { SCD_SETTLE_MS: '1', SCD_CONCURRENCY: '1' };
const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

/** Another program in a transaction of its own on the database file. */
async function lock(path: string): Promise<() => Promise<void>> {
  const other = new sqlite3.Database(path);
  const execute = async (sql: string): Promise<void> => new Promise((done, fail) => { other.exec(sql, (error) => { if (error === null) done(); else fail(error); }); });
  await execute('begin immediate');
  return async () => {
    await execute('rollback');
    await new Promise<void>((done) => { other.close(() => done()); });
  };
}

test('a database that another program keeps locked for longer than is waited holds files back, says so, and costs none of them', async () => {
  const [program, calm] = [await Program.create(SETTINGS), await Program.create(SETTINGS)];
  programs.push(program, calm);
  const daemon = await program.daemon();
  const unlock = await lock(join(program.folder, 'data', 'scd-inbox.db'));
  const files: readonly [string, Buffer][] = [['1 january.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1]])], ['2 february.xlsx', workbook('2022-02-28', [['CL-1', 'a', 2]])]];
  for (const [name, bytes] of files) await program.drop(name, bytes);
  // Questions are answered all the same.
  expect((await program.run(['batches'])).code).toBe(0);
  await daemon.says(/another program holds its write lock/u);
  await unlock();
  await daemon.says(/"event":"batch"/u, 2);
  expect(await daemon.stop()).toBe(0);
  await mkdir(calm.inbox);
  for (const [name, bytes] of files) {
    await calm.drop(name, bytes);
    await calm.run(['process']);
  }
  expect(await program.whole()).toEqual(await calm.whole());
});
