import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rebuildAccount } from '../../src/ingest/rebuild.js';
import { listAccounts } from '../../src/store/questions.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { Model } from '../model/model.js';
import { check, damage, live, repair } from '../support/checkup.js';
import { carryOut } from '../support/deeds.js';
import { ENGINES, SQLITE, type Engine } from '../support/engines.js';
import { World } from '../support/world.js';

/** Whatever was dropped, deleted, voided or ruled by another policy: check and rebuild find nothing to change. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 15);
const PATIENCE_MS = 30_000 + RUNS * 3_000;
const worlds: World[] = [];
afterAll(async () => Promise.all(worlds.map(async (world) => world.close())));

async function told(story: Parameters<typeof tell>[0], engine: Engine = SQLITE): Promise<World> {
  const world = await World.open(story.policy, undefined, engine);
  worlds.push(world);
  const deeds: Deed[] = [];
  tell(story, new Model(story.policy), (deed) => deeds.push(deed));
  for (const deed of deeds) await carryOut(world, deed);
  return world;
}

describe.each(ENGINES)('after any history on $name', (engine) => {
  test('check finds nothing, replaying every batch, and rebuild changes nothing', async () => {
    await fc.assert(fc.asyncProperty(stories(), async (story) => {
      const world = await told(story, engine);
      expect((await check(world, { isReplayAsked: true })).map(({ message }) => message)).toEqual([]);
      for (const account of await listAccounts(world.database.reader)) {
        expect(await rebuildAccount(world.database, account)).toEqual({ inserted: 0, updated: 0, removed: 0 });
      }
    }), { numRuns: engine.runs(RUNS) });
  }, PATIENCE_MS);
});

describe('after any damage', () => {
  test('whatever is changed in versions, marks and counts, repair brings back what was there', async () => {
    await fc.assert(fc.asyncProperty(stories(), fc.array(harms(), { minLength: 1, maxLength: 4 }), async (story, harm) => {
      const world = await told(story);
      const [chains, marks] = [await live(world), await marksOf(world)];
      await damage(world, 'drop index master_record_start', 'drop index master_record_current', ...harm);
      await repair(world, { isReplayAsked: true });
      expect((await check(world, { isReplayAsked: true })).map(({ message }) => message)).toEqual([]);
      expect([await live(world), await marksOf(world)]).toEqual([chains, marks]);
    }), { numRuns: RUNS });
  }, PATIENCE_MS);
});

async function marksOf(world: World): Promise<unknown[]> {
  return Promise.all([
    'select id, process_status, process_action from stage_record order by id',
    `select id, success_count, failure_count, add_count, append_count, unchanged_count, merge_count, replace_count, zeroed_count,
       placeholder_inserted_count, placeholder_replaced_count from stage_batch order by id`,
    'select * from batch_date order by client_account_id, effective_date, batch_id',
  ].map(async (query) => world.database.reader.rows(query)));
}

/** A statement that does harm to some rows, or to none where there are too few. */
function harms(): fc.Arbitrary<string> {
  const some = fc.record({ modulus: fc.integer({ min: 1, max: 7 }), rest: fc.nat({ max: 6 }) })
    .map(({ modulus, rest }) => `where id % ${modulus} = ${rest % modulus}`);
  const versions = fc.constantFrom(
    'update master_record set to_date = null', "update master_record set to_date = '2099-01-01'", "update master_record set from_date = '1999-01-01', to_date = '1999-02-01'",
    'update master_record set amount = coalesce(amount, 0) + 1', "update master_record set company_name = 'Nobody'", 'update master_record set is_deleted = not is_deleted',
    'update master_record set is_missing = false, is_placeholder = false', 'update master_record set batch_id = 1', 'delete from master_record',
  );
  const marks = fc.constantFrom(
    "update stage_record set process_action = 'Merge'", "update stage_record set process_action = 'N/A'", "update stage_record set process_status = 'Failed'",
    "update stage_record set process_status = 'Unprocessed'", "update stage_record set process_status = 'Processed'",
  );
  const counts = fc.constantFrom('update stage_batch set add_count = add_count + 1', 'update stage_batch set zeroed_count = 9', 'update stage_batch set success_count = 77');
  return fc.oneof({ weight: 4, arbitrary: versions }, { weight: 2, arbitrary: marks }, counts).chain((statement) => some.map((where) => `${statement} ${where}`));
}
