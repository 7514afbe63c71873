import { afterAll, describe, expect, test } from '@jest/globals';
import { ENGINES, SQLITE } from '../support/engines.js';
import type { Program } from '../support/program.js';
import { STORIES, failpoints, tellCalmly, tellWithKills } from '../support/stories.js';

/**
 * The real program is killed at every fail point that the source names: each run at the first that has not killed one
 * yet, so that every kill but the first comes while it recovers from the one before. `npm run torture` kills at each
 * point alone, each time that it is reached, and again during that recovery.
 */

const prepared: Program[] = [];
const untold = new Set(failpoints());
/** On PostgreSQL the one in which most is at stake: every point that a file comes past is in it. Deletions meet worse in lost-answers. */
const TOLD = ENGINES.flatMap((engine) => STORIES.filter(({ title, on = engine }) => on === engine && (engine === SQLITE || /another node/u.test(title)))
  .map((story) => ({ story, engine, title: story.title, on: engine.name })));
afterAll(async () => Promise.all(prepared.map(async (program) => program.close())));

describe('killed at every fail point in a row, the program ends as if it had never been', () => {
  test.each(TOLD)('while $title on $on', async ({ story, engine }) => {
    const program = await story.prepare(engine);
    prepared.push(program);
    const expected = await tellCalmly(program, story);
    const about = failpoints().filter((point) => story.about.test(point));
    const { kills, whole } = await tellWithKills(program, story, (before) => about.filter((point) => !before.includes(point)).map((point) => `${point}:exit`));
    expect(whole).toEqual(expected);
    expect(kills.length).toBeGreaterThan(0);
    for (const point of kills) untold.delete(point);
  });

  test('and no point is left out', () => {
    // Needs a second file system.
    if (STORIES.length < 5) untold.delete('archive-copied');
    expect([...untold]).toEqual([]);
  });
});
