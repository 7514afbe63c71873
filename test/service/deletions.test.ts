import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { Daemon } from '../../src/service/daemon.js';
import { ENGINES } from '../support/engines.js';
import { rememberingLog, unexpected } from '../support/pass.js';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';
import { defaults } from '../support/world.js';

const ENDED = 'batch 1: its deletion was interrupted and is done now';

describe.each(ENGINES)('on $name', (engine) => {
  let program: Program;
  beforeEach(async () => {
    program = await Program.create({ SCD_SETTLE_MS: '1' }, undefined, engine);
    await mkdir(program.inbox);
    await program.drop('some.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2], ['CL-3', 'c', 3]]));
    await program.run(['process']);
  });
  afterEach(async () => program.close());

  test('a deletion whose command was killed is ended by the daemon beside it, once it has stood still from one minute to the next', async () => {
    const lines: string[] = [];
    let now = Date.now();
    const settings = { ...defaults(), inbox: program.inbox, archive: program.archive, database: program.database, scanSeconds: 0.05 };
    const daemon = await Daemon.open(settings, rememberingLog(lines), { clock: () => now, onFatal: unexpected });
    // What a look writes last bears the instant of its writing.
    const written = async (): Promise<void> => {
      const at = new Date(now).toISOString();
      while ((await program.rows('select 1 from node_status where scanned_at = ?', [at])).length === 0) await new Promise((wake) => { setTimeout(wake, 5); });
    };
    // The look that was under way when the time moved on may have asked before: the next one has seen all there was.
    const looked = async (afterMs: number): Promise<void> => {
      now += afterMs;
      await written();
      now += 1;
      await written();
    };
    const left = 'select count(*) as accounts from batch_account where removed_seq is null';
    daemon.start();
    try {
      await looked(0);
      expect((await program.run(['delete', '--batch', '1'], { SCD_FAILPOINT: 'account-removed:exit:1' })).code).toBe(null);
      // Somebody may still be at it.
      await looked(60_000);
      expect(await program.rows(left)).toEqual([{ accounts: 2 }]);
      await looked(60_000);
      expect(await program.rows(left)).toEqual([{ accounts: 0 }]);
      expect(await program.rows('select 1 from master_record where not is_deleted')).toEqual([]);
    } finally {
      await daemon.close();
    }
    expect(lines.filter((line) => line === ENDED)).toHaveLength(1);
  });
});
