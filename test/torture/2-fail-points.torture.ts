import { describe, expect, test } from '@jest/globals';
import { STORIES, failpoints, tellCalmly, tellWithKills } from '../support/stories.js';
import { STRIDE, isSame, report } from './torture.js';

/** The program is killed at every fail point, each time that it is reached; and again at every one while it recovers. */

describe('killed at any fail point, and again while it recovers, the program ends as if it had never been', () => {
  test.each(STORIES)('while $title', async (story) => {
    const prepared = await story.prepare();
    const expected = await tellCalmly(prepared, story);
    const about = failpoints().filter((point) => story.about.test(point));
    const once = { points: 0, kills: 0, violations: 0 };
    const twice = { points: 0, kills: 0, violations: 0 };
    const tell = async (sum: typeof once, ...points: string[]): Promise<number> => {
      const { kills, whole } = await tellWithKills(prepared, story, (before) => points.slice(before.length, before.length + 1));
      sum.points += 1;
      sum.kills += kills.length;
      if (!isSame(`${story.title}: killed at ${points.join(', then ')}`, whole, expected)) sum.violations += 1;
      return kills.length;
    };
    for (const [index, first] of about.entries()) {
      let isReached = true;
      for (let nth = 1; isReached; nth += STRIDE) isReached = await tell(once, `${first}:exit:${nth}`) > 0;
      for (let second = index % STRIDE; second < about.length; second += STRIDE) await tell(twice, `${first}:exit`, `${about[second]!}:exit`);
    }
    report(`at each fail point, while ${story.title}`, once.points, once.kills, once.violations);
    report(`at two fail points, while ${story.title}`, twice.points, twice.kills, twice.violations);
    await prepared.close();
    expect(once.violations + twice.violations).toBe(0);
    expect(once.kills).toBeGreaterThanOrEqual(about.length - 1);
  });
});
