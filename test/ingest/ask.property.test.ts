import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dateOf, dayOf } from '../../src/history/day.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { Model } from '../model/model.js';
import { answer, answerAt } from '../support/answers.js';
import { carryOut } from '../support/deeds.js';
import { World } from '../support/world.js';

/** Questions about dates, held against a model that derives everything from nothing each time. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);
const worlds: World[] = [];
afterAll(async () => Promise.all(worlds.map(async (world) => world.close())));

async function open(policy: Parameters<typeof World.open>[0]): Promise<World> {
  const world = await World.open(policy);
  worlds.push(world);
  return world;
}

describe('the value at a date', () => {
  test('is that of the model, at every date and whatever was dropped, deleted and voided', async () => {
    await fc.assert(fc.asyncProperty(stories(), async (story) => {
      const world = await open(story.policy);
      const model = new Model(story.policy);
      const deeds: Deed[] = [];
      tell({ ...story, commands: story.commands.filter(({ kind }) => kind !== 'retry') }, model, (deed) => deeds.push(deed));
      for (const deed of deeds) await carryOut(world, deed);
      const days = everyDay(model);
      expect(await answerAt(world, days)).toEqual(Object.fromEntries(days.map((day) => [dateOf(day), model.asOf(dateOf(day))])));
      for (const day of boundaries(model)) {
        expect(await answer(world, { between: { first: day, last: day } })).toEqual(model.asOf(dateOf(day)));
      }
    }), { numRuns: RUNS });
  });

  test('is asked of one account or item, and refused where nothing is known of it', async () => {
    const world = await open(POLICY);
    await world.drop(file('first', row('2022-01-28', 'x', 1), row('2022-01-28', 'y', 2), row('2022-01-28', 'x', 3, { account: 'CL-1' })));
    const before = { first: dayOf('2022-01-27'), last: dayOf('2022-01-27') };
    expect((await answer(world, { account: 'CL-9' })).map(({ amount }) => amount)).toEqual([1, 2]);
    expect((await answer(world, { account: 'CL-9', reference: 'y' })).map(({ amount }) => amount)).toEqual([2]);
    expect(await answer(world, { account: 'CL-9', between: before })).toEqual([]);
    await expect(answer(world, { account: 'CL-8', between: before })).rejects.toThrow('nothing is known of account "CL-8"');
    await expect(answer(world, { account: 'CL-1', reference: 'y' })).rejects.toThrow('nothing is known of item "y" of account "CL-1"');
  });
});

/** Every day from before the first version to behind the last. */
function everyDay(model: Model): number[] {
  const days = boundaries(model);
  const first = days[0] ?? dayOf('2022-01-01');
  return Array.from({ length: (days[days.length - 1] ?? first) - first + 1 }, (_, index) => first + index);
}

/** The days on which anything may change, and those on either side. */
function boundaries(model: Model): number[] {
  const starts = model.chains().flatMap(({ versions }) => versions.map(({ from }) => dayOf(from)));
  return [...new Set(starts.flatMap((day) => [day - 1, day, day + 1]))].sort((one, other) => one - other);
}
