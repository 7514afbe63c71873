import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { Daemon } from '../../src/service/daemon.js';
import { rememberingLog } from '../support/pass.js';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';
import { defaults } from '../support/world.js';

const ENDED = 'batch 1: its deletion was interrupted and is done now';

let program: Program;
beforeEach(async () => {
  program = await Program.create({ SCD_SETTLE_MS: '1' });
  await mkdir(program.inbox);
  await program.drop('some.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2], ['CL-3', 'c', 3]]));
  await program.run(['process']);
});
afterEach(async () => program.close());

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((wake) => { setTimeout(wake, 5); });
}

test('a deletion whose command was killed is ended by the daemon beside it, once it has stood still for a minute', async () => {
  const lines: string[] = [];
  let now = Date.now();
  let looks = 0;
  const clock = (): number => { looks += 1; return now; };
  const settings = { ...defaults(), inbox: program.inbox, archive: program.archive, database: program.database, scanSeconds: 0.05 };
  const daemon = await Daemon.open(settings, rememberingLog(lines), { clock });
  daemon.start();
  try {
    expect((await program.run(['delete', '--batch', '1'], { SCD_FAILPOINT: 'account-removed:exit:1' })).code).toBe(null);
    const left = 'select count(*) as accounts from batch_account where removed_seq is null';
    // Looks go by, and somebody may still be at it.
    const before = looks;
    await until(() => looks > before + 20);
    expect(await program.rows(left)).toEqual([{ accounts: 2 }]);
    now += 61_000;
    await until(() => lines.includes(ENDED));
    expect(await program.rows(left)).toEqual([{ accounts: 0 }]);
    expect(await program.rows('select 1 from master_record where not is_deleted')).toEqual([]);
  } finally {
    await daemon.close();
  }
  expect(lines.filter((line) => line === ENDED)).toHaveLength(1);
});
