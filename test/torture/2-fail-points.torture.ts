import { describe, expect, test } from '@jest/globals';
import { ENGINES } from '../support/engines.js';
import { STORIES, failpoints, tellCalmly, tellWithKills } from '../support/stories.js';
import { STRIDE, isSame, report } from './torture.js';

/** The program is killed at every fail point, each time that it is reached; and again at every one while it recovers. */

const TOLD = ENGINES.flatMap((engine) => STORIES.filter(({ on = engine }) => on === engine)
  .map((story) => ({ story, engine, title: story.title, on: engine.name })));

describe('killed at any fail point, and again while it recovers, the program ends as if it had never been', () => {
  test.each(TOLD)('while $title on $on', async ({ story, engine, title, on }) => {
    const prepared = await story.prepare(engine);
    const expected = await tellCalmly(prepared, story);
    const about = failpoints().filter((point) => story.about.test(point));
    const once = { points: 0, kills: 0, violations: 0 };
    const twice = { points: 0, kills: 0, violations: 0 };
    const tell = async (sum: typeof once, ...points: string[]): Promise<number> => {
      const { kills, whole } = await tellWithKills(prepared, story, (before) => points.slice(before.length, before.length + 1));
      sum.points += 1;
      sum.kills += kills.length;
      if (!isSame(`${title} on ${on}: killed at ${points.join(', then ')}`, whole, expected)) sum.violations += 1;
      return kills.length;
    };
    const reached: string[] = [];
    for (const point of about) {
      for (let nth = 1; await tell(once, `${point}:exit:${nth}`) > 0; nth += STRIDE) if (nth === 1) reached.push(point);
    }
    for (const [index, first] of reached.entries()) {
      for (let second = index % STRIDE; second < reached.length; second += STRIDE) await tell(twice, `${first}:exit`, `${reached[second]!}:exit`);
    }
    report(`at each fail point, while ${title} on ${on}`, once.points, once.kills, once.violations);
    report(`at two fail points, while ${title} on ${on}`, twice.points, twice.kills, twice.violations);
    await prepared.close();
    expect(once.violations + twice.violations).toBe(0);
    expect(reached).not.toEqual([]);
  });
});
