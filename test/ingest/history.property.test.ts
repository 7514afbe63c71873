import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { consistentHistories, histories, observedWorlds, orders, policies } from '../model/arbitraries.js';
import { cuts, cutUp } from '../model/cuts.js';
import { Model } from '../model/model.js';
import type { BatchOutcome, ModelFile, ModelPolicy } from '../model/types.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

/** The rules of history, held against a model that derives everything from nothing each time. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 25);

describe.each(ENGINES)('history on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  test('gives every batch the outcomes, marks, counts and chains of the model', async () => {
    await fc.assert(fc.asyncProperty(histories(), async ({ policy, files }) => {
      const world = await open(policy);
      const model = new Model(policy);
      for (const file of files) {
        const expected = model.drop(file);
        const id = await world.drop(file);
        expect(await outcomeOf(world, id)).toEqual(summary(expected));
        expect(await world.chains()).toEqual(model.chains());
        expect(await world.versionBatches()).toEqual(modelBatches(model));
        expect(await invariantsBroken(world)).toEqual([]);
      }
    }).afterEach(close), { numRuns });
  });

  test('does not depend on the order of files that do not contradict each other', async () => {
    const shuffled = consistentHistories().chain((history) =>
      fc.record({ policy: fc.constant({ ...history.policy, maxFailureRatio: 1 }), one: orders(history.files), other: orders(history.files) }));
    await fc.assert(fc.asyncProperty(shuffled, async ({ policy, one, other }) => {
      expect(await chainsAfter(open, policy, one)).toEqual(await chainsAfter(open, policy, other));
    }).afterEach(close), { numRuns });
  });

  test('does not depend on how rows are cut into files, nor on how many files are taken in at once', async () => {
    await fc.assert(fc.asyncProperty(observedWorlds(), cuts(), cuts(), async ({ policy, observations }, one, other) => {
      const tolerant = { ...policy, maxFailureRatio: 1 };
      const world = await open(tolerant);
      const staged = await Promise.all(cutUp(observations, one).map(async (file) => world.stage(file)));
      await Promise.all(staged.filter(({ batch_status: status }) => status === 'In Progress').map(async ({ id }) => world.finish(id)));
      expect(await world.chains()).toEqual(await chainsAfter(open, tolerant, cutUp(observations, other)));
    }).afterEach(close), { numRuns });
  });

  test('follows a change of policy as if it had always been in force', async () => {
    await fc.assert(fc.asyncProperty(histories(), policies(), async ({ policy, files }, next) => {
      const world = await open(policy);
      const model = new Model(policy);
      for (const file of files) {
        await world.drop(file);
        model.drop(file);
      }
      await world.setPolicy(next);
      model.setPolicy(next);
      expect(await world.chains()).toEqual(model.chains());
    }).afterEach(close), { numRuns });
  });
});

async function chainsAfter(open: Worlds['open'], policy: ModelPolicy, files: readonly ModelFile[]): Promise<unknown> {
  const world = await open(policy);
  for (const file of files) await world.drop(file);
  return world.chains();
}

function summary(batch: BatchOutcome): object {
  return {
    status: batch.status, duplicateOf: batch.duplicateOf, total: batch.total, success: batch.success, failure: batch.failure,
    repeated: batch.repeated, zeroed: batch.zeroed, inserted: batch.placeholdersInserted, replaced: batch.placeholdersReplaced,
    counts: ['Add', 'Append', 'Unchanged', 'Merge', 'Replace'].map((action) => batch.actions[action as 'Add']),
    rows: batch.rows.map(({ row, status, action, contradicts }) =>
      ({ row, status, action, contradicts: contradicts === null ? null : `${contradicts.batchId}:${contradicts.row}` })),
  };
}

async function outcomeOf(world: World, id: number): Promise<object> {
  const db = world.database.reader;
  const [batch] = await db.rows<Record<string, never>>('select * from stage_batch where id = ?', [id]);
  const rows = await db.rows<{ row: number; status: string; action: string; error: string | null }>(
    'select row_number as row, process_status as status, process_action as action, error from stage_record where batch_id = ? order by id', [id]);
  return {
    status: batch!['batch_status'], duplicateOf: batch!['duplicate_of'], total: batch!['total_count'], success: batch!['success_count'],
    failure: batch!['failure_count'], repeated: batch!['repeated_count'], zeroed: batch!['zeroed_count'],
    inserted: batch!['placeholder_inserted_count'], replaced: batch!['placeholder_replaced_count'],
    counts: ['add', 'append', 'unchanged', 'merge', 'replace'].map((action) => batch![`${action}_count`]),
    rows: rows.map(({ row, status, action, error }) => ({ row, status, action, contradicts: contradicted(error, id) })),
  };
}

function contradicted(error: string | null, id: number): string | null {
  const other = /but batch (\d+) \(.*\) row (\d+) says/.exec(error ?? '');
  if (other !== null) return `${other[1]}:${other[2]}`;
  const above = /but row (\d+) above says/.exec(error ?? '');
  return above === null ? null : `${id}:${above[1]}`;
}

function modelBatches(model: Model): Record<string, number> {
  const batches: [string, number][] = [];
  for (const account of model.accounts()) for (const reference of model.items(account))
    for (const { from, batchId } of model.chain(account, reference)) batches.push([`${account}/${reference}/${from}`, batchId]);
  return Object.fromEntries(batches.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Versions that neither end where the next begins nor are the last and open. */
async function invariantsBroken(world: World): Promise<unknown[]> {
  return world.database.reader.rows(
    `select * from (select *, lead(from_date) over (partition by client_account_id, external_reference order by from_date) as next_from
       from master_record where not is_deleted) as live
     where to_date is distinct from next_from`);
}
