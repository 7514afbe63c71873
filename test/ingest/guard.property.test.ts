import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { guardedStories, tell, type Deed } from '../model/commands.js';
import { Model } from '../model/model.js';
import { carryOut } from '../support/deeds.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 40);
describe.each(ENGINES)('the guard on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  test('holds back what the model holds back, and approved, rejected, deleted or retried the history is that of the model', async () => {
    await fc.assert(fc.asyncProperty(guardedStories(), async (story) => {
      const world = await open(story.policy);
      const model = new Model(story.policy);
      const deeds: { deed: Deed; chains: unknown; statuses: string[] }[] = [];
      tell(story, model, (deed) => deeds.push({
        deed, chains: model.chains(), statuses: model.batches().map(({ status, deleted }) => (deleted ? 'Deleted' : status)),
      }));
      for (const { deed, chains, statuses } of deeds) {
        await carryOut(world, deed);
        expect(await statusesOf(world)).toEqual(statuses);
        expect(await world.chains()).toEqual(chains);
      }
    }).afterEach(close), { numRuns });
  });

  test('is asked by stories in which everything happens that can happen to a batch', () => {
    const seen = new Set<string>();
    for (const story of fc.sample(guardedStories(), { numRuns: 200, seed: 1 })) {
      const model = new Model(story.policy);
      tell(story, model, ({ kind }) => {
        seen.add(kind);
        for (const { status } of model.batches()) seen.add(status);
      });
    }
    expect([...seen].sort()).toEqual(['Complete', 'Duplicate', 'Error', 'Held', 'approve', 'deleteBatch', 'deleteRecord', 'drop', 'reject', 'retry']);
  });
});

async function statusesOf(world: World): Promise<string[]> {
  const rows = await world.database.reader.rows<{ batch_status: string }>('select batch_status from stage_batch order by id');
  return rows.map(({ batch_status }) => batch_status);
}
