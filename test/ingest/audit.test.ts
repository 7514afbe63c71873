import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deleteBatch } from '../../src/ingest/delete.js';
import { rebuildAccount } from '../../src/ingest/rebuild.js';
import { file, POLICY, row, unreadable } from '../model/fixtures.js';
import { check, damage, everything, keysThatDiffer, live, repair } from '../support/checkup.js';
import { ENGINES, type Engine } from '../support/engines.js';
import { World } from '../support/world.js';

/** Marks and totals that somebody changed with SQL: found, named, mended, and nothing else touched. */

let world: World;
afterEach(async () => world.close());

async function prepare(engine: Engine): Promise<void> {
  world = await World.open(POLICY, undefined, engine);
  for (const each of [
    file('1st', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5), unreadable('2022-01-28', 'z')),
    file('2nd', row('2022-04-28', 'x', 10), row('2022-04-28', 'x', 1, { account: 'CL-1' })),
    file('late', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 5)),
    file('bad', unreadable('2022-05-28', 'x')),
    file('gone', row('2022-06-28', 'x', 7)),
  ]) await world.drop(each);
  await deleteBatch(world.database, 5);
}

const DAMAGES: readonly [what: string, statement: string, kinds: readonly string[], message: string][] = [
  ['a wrong total of rows', 'update stage_batch set total_count = 99 where id = 1', ['wrong total'], 'batch 1 (1st): wrong total: total_count is 99, its rows say 3'],
  ['a wrong total of failures', 'update stage_batch set failure_count = 0 where id = 1', ['wrong total'], 'batch 1 (1st): wrong total: failure_count is 0, its rows say 1'],
  ['a wrong total of successes', 'update stage_batch set success_count = 5 where id = 1', ['wrong total'], 'batch 1 (1st): wrong total: success_count is 5, its rows say 2'],
  ['a wrong total of an action', 'update stage_batch set append_count = 3 where id = 2', ['wrong total'], 'batch 2 (2nd): wrong total: append_count is 3, its rows say 1'],
  ['totals of a deleted batch', 'update stage_batch set add_count = 8 where id = 5', ['wrong total'], 'batch 5 (gone): wrong total: add_count is 8, its rows say 0'],
  ['an action of a batch in Error', 'update stage_batch set add_count = 1 where id = 4', ['wrong total'], 'batch 4 (bad): wrong total: add_count is 1, its rows say 0'],
  ['a wrong action', "update stage_record set process_action = 'Merge' where batch_id = 1 and row_number = 2", ['wrong mark'],
    'batch 1 (1st) row 2: wrong mark: the row of CL-9 / x is Processed Merge, must be Processed Add'],
  ['a wrong action with totals that agree with it', "update stage_batch set add_count = 1, merge_count = 1 where id = 1", ['wrong total', 'wrong total'],
    'batch 1 (1st): wrong total: add_count is 1, its rows say 2'],
  ['a processed row without an action', "update stage_record set process_action = 'N/A' where batch_id = 3 and row_number = 3", ['wrong mark'],
    'batch 3 (late) row 3: wrong mark: the row of CL-9 / y is Processed N/A, must be Processed Merge'],
  ['an unprocessed row', "update stage_record set process_status = 'Unprocessed', process_action = 'N/A' where batch_id = 3 and row_number = 3", ['wrong mark'],
    'batch 3 (late) row 3: wrong mark: the row of CL-9 / y is Unprocessed N/A, must be Processed'],
  ['a failed row that is marked as processed', "update stage_record set process_status = 'Processed', process_action = 'Add' where batch_id = 1 and row_number = 4",
    ['missing version', 'missing version', 'missing version', 'wrong mark'], 'batch 1 (1st) row 4: wrong mark: the row of CL-9 / z is Processed Add, must be Failed N/A'],
  ['a row of a batch in Error that is marked as processed', "update stage_record set process_status = 'Processed', process_action = 'Add' where batch_id = 4", ['wrong mark'],
    'batch 4 (bad) row 2: wrong mark: the row of CL-9 / x is Processed Add, must be Failed N/A'],
  ['a wrong count of a date', 'update batch_date set accepted_count = 3 where batch_id = 3', ['wrong date'],
    'batch 3 (late): wrong date: CL-9 at 2022-03-28: 3 accepted by its count, 2 by its rows'],
];

describe.each(ENGINES)('the audit of a batch on $name', (engine) => {
  beforeEach(async () => prepare(engine));

  test('finds nothing where nothing is wrong, nor does its replay', async () => {
    expect(await check(world, { isReplayAsked: true })).toEqual([]);
  });

  test.each(DAMAGES)('finds and names %s; repair mends it and touches nothing else; a second run finds nothing', async (_, statement, kinds, message) => {
    const before = await everything(world);
    await damage(world, statement);
    const findings = await check(world);
    expect(findings.map(({ kind }) => kind)).toEqual(kinds);
    expect(findings.map((finding) => finding.message)).toContain(message);
    expect(await repair(world)).toHaveLength(1);
    expect(await check(world)).toEqual([]);
    expect([...keysThatDiffer(before, await everything(world))]).toEqual([]);
  });

  test('mends a date that is not written down any more, a failed row that poses as observed and the chains that followed', async () => {
    const before = await everything(world);
    await damage(world, 'delete from batch_date where batch_id = 3', "update stage_record set process_status = 'Failed' where batch_id = 3 and row_number = 2");
    await rebuildAccount(world.database, 'CL-9');
    const chains = await live(world);
    expect((await check(world)).map(({ kind }) => kind)).toEqual(['wrong mark']);
    await repair(world);
    expect(await check(world, { isReplayAsked: true })).toEqual([]);
    expect(await live(world)).not.toEqual(chains);
    const differing = [...keysThatDiffer(before, await everything(world))];
    expect(differing.filter((key) => !/^(master_record|client_account) /u.test(key))).toEqual([]);
  });

  test('finds a failed row that poses as an observation where nothing else was submitted', async () => {
    await world.drop(file('mixed', row('2022-07-28', 'x', 1), unreadable('2022-07-29', 'z')));
    const before = await everything(world);
    await damage(world, "update stage_record set process_status = 'Processed', process_action = 'Add' where effective_date = '2022-07-29'");
    for (const isReplayAsked of [false, true]) {
      expect((await check(world, { isReplayAsked })).map(({ message }) => message)).toContain(
        'batch 6 (mixed) row 3: wrong mark: the row of CL-9 / z is Processed Add, must be Failed N/A');
    }
    await repair(world);
    expect([...keysThatDiffer(before, await everything(world))]).toEqual([]);
  });

  test('finds by a replay what marks and totals agree on, and mends it', async () => {
    const before = await everything(world);
    await damage(world, "update stage_record set process_action = 'Merge' where batch_id = 1 and row_number = 2",
      'update stage_batch set add_count = 1, merge_count = 1, zeroed_count = 4 where id = 1');
    expect(await check(world)).toEqual([]);
    expect((await check(world, { isReplayAsked: true })).map(({ message }) => message)).toEqual([
      'batch 1 (1st) row 2: wrong mark: the row of CL-9 / x is Processed Merge, must be Processed Add',
      'batch 1 (1st): wrong total: add_count is 1, its rows say 2', 'batch 1 (1st): wrong total: merge_count is 1, its rows say 0',
      'batch 1 (1st): wrong total: zeroed_count is 4, its rows say 0',
    ]);
    await repair(world, { isReplayAsked: true });
    expect([...keysThatDiffer(before, await everything(world))]).toEqual([]);
  });

  test('names rows that are lost and repairs nothing of their account: the chains may be all that is left of them', async () => {
    await damage(world, "delete from stage_record where batch_id = 3 and row_number = 2");
    const before = await everything(world);
    const findings = await check(world);
    expect(findings[findings.length - 1]!.message).toBe('batch 3 (late): lost rows: 2 read, 1 there; CL-9 at 2022-03-28: 2 accepted by its count, 1 by its rows. '
      + 'Nothing says what they were, so this is not repaired: delete the batch (scd-inbox delete --batch 3) and drop its file again');
    expect(findings.some(({ kind, account }) => kind === 'wrong version' || (kind === 'extra version' && account === 'CL-9'))).toBe(true);
    expect((await repair(world)).join()).toContain('account CL-9 is left as it is');
    expect([...keysThatDiffer(before, await everything(world))]).toEqual([]);
    await expect(rebuildAccount(world.database, 'CL-9')).rejects.toThrow('of batch 3 (late) rows of it are lost (at 2022-03-28 2 accepted, 1 there)');
    await deleteBatch(world.database, 3);
    await world.drop(file('late', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 5)));
    expect(await check(world)).toEqual([]);
  });

  test.each([
    ['is not written down', 'delete from batch_account where batch_id = 3'],
    ['was never applied', 'update batch_account set applied_seq = null, applied_at = null where batch_id = 3'],
  ])('names a Complete batch that %s for an account, and repairs nothing of it until that is taken back', async (_, statement) => {
    const chains = await live(world);
    await damage(world, statement);
    const before = await everything(world);
    expect((await check(world)).map(({ message }) => message).pop()).toMatch(/^batch 3 \(late\): not applied: Complete, but nothing says that it counts for CL-9/u);
    expect((await repair(world)).join()).toContain('account CL-9 is left as it is');
    expect([...keysThatDiffer(before, await everything(world))]).toEqual([]);
    await deleteBatch(world.database, 3);
    await repair(world, { isReplayAsked: true });
    await world.drop(file('late', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 5)));
    expect(await check(world, { isReplayAsked: true })).toEqual([]);
    expect(JSON.stringify(await live(world)).replaceAll('"batch_id":6', '"batch_id":3')).toEqual(JSON.stringify(chains));
  });

  test('names rows that nobody read', async () => {
    await damage(world, "insert into stage_record (batch_id, row_number, insert_date, process_status, process_action) values (3, 9, '', 'Unprocessed', 'N/A')");
    expect((await check(world)).map(({ message }) => message)[0]).toContain('batch 3 (late): rows too many: 2 read, 3 there');
  });
});
