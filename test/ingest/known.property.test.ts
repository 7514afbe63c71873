import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dayOf } from '../../src/history/day.js';
import type { Question } from '../../src/ingest/ask.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { deleteBatch } from '../../src/ingest/delete.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { Model } from '../model/model.js';
import type { ModelPolicy } from '../model/types.js';
import { answer } from '../support/answers.js';
import { carryOut } from '../support/deeds.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

/** What was known at a moment is what was answered then, whatever happened since and whatever the clock said. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);
/** A clock whose every reading lies some way from the one before: forwards, at the same instant, or set back. */
function clockOf(steps: readonly number[]): () => number {
  let now = Date.parse('2024-03-01T12:00:00Z');
  let reading = 0;
  return () => (now += steps[reading++ % steps.length]!);
}

const clocks = fc.array(fc.constantFrom(0, 1, 5, 60_000, 86_400_000, -60_000, -86_400_000), { minLength: 1, maxLength: 12 });
const ON_A_DAY = { first: dayOf('2022-02-02'), last: dayOf('2022-02-02') };
const QUESTIONS: readonly Question[] = [{}, { between: ON_A_DAY }];

describe.each(ENGINES)('what was known at a moment on $name', (engine) => {
  const worlds = new Worlds(engine);
  const { close } = worlds;
  const open = async (policy: ModelPolicy, steps: readonly number[]): Promise<World> => worlds.open(policy, clockOf(steps));
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  test('is what was answered then, between the accounts of a batch and of a deletion too', async () => {
    await fc.assert(fc.asyncProperty(stories(), clocks, async (story, steps) => {
      const world = await open(story.policy, steps);
      const saved = await answersDuring(world, async () => {
        for (const deed of deedsOf(story)) await carryOut(world, deed);
      });
      const instants = [...saved.keys()];
      for (const [index, at] of instants.entries()) {
        expect([at, await answers(world, at)]).toEqual([at, saved.get(at)]);
        const next = instants[index + 1];
        // Nothing happens between two changes.
        if (next !== undefined) expect(await answers(world, new Date(Date.parse(next) - 1).toISOString())).toEqual(saved.get(at));
      }
    }).afterEach(close), { numRuns });
  });

  test('tells the moments between the accounts of a batch and of its deletion apart, with a clock that runs backwards', async () => {
    const world = await open(POLICY, [-3_600_000]);
    const saved = await answersDuring(world, async () => {
      await world.drop(file('first', row('2022-01-28', 'x', 1, { account: 'CL-1' }), row('2022-01-28', 'x', 2, { account: 'CL-2' })));
      const second = await world.drop(file('second', row('2022-02-28', 'x', 3, { account: 'CL-1' }), row('2022-02-28', 'x', 4, { account: 'CL-2' })));
      await deleteBatch(world.database, second);
    });
    const current = [...saved.keys()].map(async (at) => {
      const open = (await answer(world, { knownAt: at })).filter(({ to }) => to === null);
      return open.map(({ account, amount }) => `${account} ${amount}`).join(', ');
    });
    expect(changes(await Promise.all(current))).toEqual([
      '', 'CL-1 1', 'CL-1 1, CL-2 2', 'CL-1 3, CL-2 2', 'CL-1 3, CL-2 4', 'CL-1 1, CL-2 4', 'CL-1 1, CL-2 2',
    ]);
  });

  test('is refused for the future, and for accounts and items of which nothing was known', async () => {
    const world = await open(POLICY, [1000]);
    await world.drop(file('first', row('2022-01-28', 'x', 1)));
    const [{ last_at }] = await world.database.reader.rows<{ last_at: string }>('select last_at from change_counter') as [{ last_at: string }];
    await expect(answer(world, { knownAt: '2124-01-01T00:00:00.000Z' })).rejects.toThrow(`--known-at 2124-01-01T00:00:00.000Z lies in the future: expected a time up to now, ${last_at}`);
    await expect(answer(world, { account: 'CL-9', knownAt: '2023-01-01T00:00:00.000Z' })).rejects.toThrow('nothing was known of account "CL-9" at 2023-01-01T00:00:00.000Z');
    await expect(answer(world, { account: 'CL-9', reference: 'y', knownAt: last_at })).rejects.toThrow(`nothing was known of item "y" of account "CL-9" at ${last_at}`);
    expect(await answer(world, { knownAt: '2023-01-01T00:00:00.000Z' })).toEqual([]);
    expect(await answer(world, { account: 'CL-9', reference: 'x', knownAt: last_at })).toHaveLength(1);
  });
});

/** What differs from the one before. */
function changes(texts: readonly string[]): string[] {
  return texts.filter((text, index) => text !== texts[index - 1]);
}

function deedsOf(story: Parameters<typeof tell>[0]): Deed[] {
  const deeds: Deed[] = [];
  tell({ ...story, commands: story.commands.filter(({ kind }) => kind !== 'retry') }, new Model(story.policy), (deed) => deeds.push(deed));
  return deeds;
}

/** The answers at every moment: after each transaction, of which a batch and a deletion have one for each account. */
async function answersDuring(world: World, work: () => Promise<void>): Promise<Map<string, unknown>> {
  const saved = new Map<string, unknown>();
  const { database } = world;
  const write = database.write.bind(database);
  database.write = async (change) => {
    const result = await write(change);
    const [counter] = await database.reader.rows<{ last_at: string }>('select last_at from change_counter');
    saved.set(counter!.last_at, await answers(world));
    return result;
  };
  await work();
  return saved;
}

async function answers(world: World, knownAt?: string): Promise<unknown> {
  return Promise.all(QUESTIONS.map(async (question) => answer(world, { ...question, knownAt })));
}
