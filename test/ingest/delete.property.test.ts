import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deleteBatch } from '../../src/ingest/delete.js';
import { rehearse } from '../../src/store/rehearsal.js';
import { consistentHistories, histories } from '../model/arbitraries.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { Model } from '../model/model.js';
import { carryOut } from '../support/deeds.js';
import { ENGINES } from '../support/engines.js';
import { Worlds } from '../support/world.js';

/** What is taken back is as if it had never been said. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);

describe.each(ENGINES)('corrections on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  test('leave the chains that the model derives, whatever is dropped, deleted, voided or dropped again between', async () => {
    await fc.assert(fc.asyncProperty(stories(), async (story) => {
      const world = await open(story.policy);
      const expected = new Model(story.policy);
      const deeds: { deed: Deed; chains: unknown }[] = [];
      tell(story, expected, (deed) => deeds.push({ deed, chains: expected.chains() }));
      for (const { deed, chains } of deeds) {
        await carryOut(world, deed);
        expect(await world.chains()).toEqual(chains);
      }
    }).afterEach(close), { numRuns });
  });

  test('give back what was there before when a batch is processed and then deleted', async () => {
    await fc.assert(fc.asyncProperty(histories(), async ({ policy, files }) => {
      const world = await open(policy);
      for (const file of files.slice(0, -1)) await world.drop(file);
      const before = await world.chains();
      const id = await world.drop(files[files.length - 1]!);
      await deleteBatch(world.database, id);
      expect(await world.chains()).toEqual(before);
    }).afterEach(close), { numRuns });
  });

  test('are foreseen by a rehearsal, which changes nothing', async () => {
    await fc.assert(fc.asyncProperty(histories(), fc.nat({ max: 6 }), async ({ policy, files }, pick) => {
      const world = await open(policy);
      for (const file of files) await world.drop(file);
      const id = 1 + (pick % (await world.batches()));
      const [chains, foreseen] = [await world.chains(), await rehearse(world.database, async (store) => deleteBatch(store, id))];
      expect(await world.chains()).toEqual(chains);
      expect(await deleteBatch(world.database, id)).toEqual(foreseen);
    }), { numRuns: RUNS });
  });

  test('of any file among files that contradict nothing are as if it had never been dropped, and dropped again it is back', async () => {
    await fc.assert(fc.asyncProperty(consistentHistories(), fc.nat({ max: 6 }), async ({ policy, files }, pick) => {
      const tolerant = { ...policy, maxFailureRatio: 1 };
      const distinct = files.filter((file, index) => files.findIndex(({ rows }) => JSON.stringify(rows) === JSON.stringify(file.rows)) === index);
      const [world, without] = [await open(tolerant), await open(tolerant)];
      const ids: number[] = [];
      for (const file of distinct) ids.push(await world.drop(file));
      const chains = await world.chains();
      const at = pick % distinct.length;
      for (const [index, file] of distinct.entries()) if (index !== at) await without.drop(file);
      await deleteBatch(world.database, ids[at]!);
      expect(await world.chains()).toEqual(await without.chains());
      await world.drop(distinct[at]!);
      expect(await world.chains()).toEqual(chains);
    }), { numRuns: RUNS });
  });
});
