import { afterAll, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { Program } from '../support/program.js';
import { tellCalmly, workbook } from '../support/stories.js';

/** Files of many small accounts, which are committed together on SQLite; the stories of the other fail points have few. */

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

const ACCOUNTS = 40;
const COMMAND = ['process'];

/** January is complete; of February, which waits in the inbox, one item is missing and others have changed. */
async function prepare(): Promise<Program> {
  const program = await Program.create({ SCD_CONCURRENCY: '1', SCD_SETTLE_MS: '1' });
  programs.push(program);
  await mkdir(program.inbox);
  const lines = Array.from({ length: ACCOUNTS * 3 }, (_, index) => [`CL-${index % ACCOUNTS}`, `R-${index}`, index] as const);
  await program.drop('1 january.xlsx', workbook('2022-01-28', lines));
  expect((await program.run(COMMAND)).code).toBe(0);
  await program.drop('2 february.xlsx', workbook('2022-02-28', lines.slice(1).map(([account, reference, amount]) => [account, reference, amount % 7 === 0 ? amount + 1 : amount] as const)));
  return program;
}

test.each(['account-commit:exit:1', 'account-commit:exit:10', 'account-commit:exit:30', 'account-applied:exit:1', 'account-applied:exit:20'])(
  'killed at %s, among accounts that are committed together, the program ends as if it had never been', async (point) => {
    const prepared = await prepare();
    const expected = await tellCalmly(prepared, { command: COMMAND, environment: {} });
    expect((await prepared.run(COMMAND, { SCD_FAILPOINT: point })).code).not.toBe(0);
    const applied = 'select count(*) as accounts from batch_account where batch_id = 2 and applied_seq is not null';
    const [{ accounts }] = await prepared.rows<{ accounts: number }>(applied) as [{ accounts: number }];
    // Were each committed by itself, all before this one were kept.
    const [, name, nth] = /^(.*):exit:(\d+)$/u.exec(point)!;
    if (name === 'account-commit' && nth !== '1') expect(accounts).toBeLessThan(Number(nth) - 1);
    expect(accounts).toBeLessThan(ACCOUNTS);
    expect((await prepared.run(COMMAND)).code).toBe(0);
    expect(await prepared.whole()).toEqual(expected);
  });
