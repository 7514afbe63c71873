import { afterEach, describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/engines.js';
import type { Program } from '../support/program.js';
import { STORIES, failpoints, tellCalmly, tellWithKills, type Story } from '../support/stories.js';
import { STRIDE, isSame, report } from './torture.js';

/** The program is killed at every fail point, each time that it is reached; and again at every one while it recovers. */

const TOLD = ENGINES.flatMap((engine) => STORIES.filter(({ on = engine }) => on === engine)
  .map((story) => ({ story, engine, title: `${story.title} on ${engine.name}` })));

let prepared: Program | undefined;
afterEach(async () => prepared?.close());

/** Tells a story, killed at the points one after the other. Returns how often it was killed. */
type Tell = (...points: string[]) => Promise<number>;

/** Lets a story be told with kills, compares each telling whole with the calm one, and reports. */
async function torture(what: string, story: Story, world: Program, tellAll: (tell: Tell, about: readonly string[]) => Promise<void>): Promise<void> {
  prepared = world;
  const expected = await tellCalmly(world, story);
  const sum = { points: 0, kills: 0, violations: 0 };
  await tellAll(async (...points) => {
    const { kills, whole } = await tellWithKills(world, story, (before) => points.slice(before.length, before.length + 1));
    sum.points += 1;
    sum.kills += kills.length;
    if (!isSame(`${what}: killed at ${points.join(', then ')}`, whole, expected)) sum.violations += 1;
    return kills.length;
  }, failpoints().filter((point) => story.about.test(point)));
  report(what, sum.points, sum.kills, sum.violations);
  expect(sum.violations).toBe(0);
  expect(sum.kills).toBeGreaterThan(0);
}

describe('killed at any fail point, whenever it is reached, the program ends as if it had never been', () => {
  test.each(TOLD)('while $title', async ({ story, engine, title }) => {
    await torture(`at each fail point, while ${title}`, story, await story.prepare(engine), async (tell, about) => {
      for (const point of about) for (let nth = 1; await tell(`${point}:exit:${nth}`) > 0; nth += STRIDE);
    });
  });
});

describe('killed at any fail point, and again at any while it recovers, it does so too', () => {
  test.each(TOLD)('while $title', async ({ story, engine, title }) => {
    await torture(`at two fail points, while ${title}`, story, await story.prepare(engine), async (tell, about) => {
      const pairs = about.flatMap((first) => about.map((second) => [first, second]));
      for (let index = 0; index < pairs.length; index += STRIDE) await tell(...pairs[index]!.map((point) => `${point}:exit`));
    });
  });
});
