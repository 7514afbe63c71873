import { expect, test } from '@jest/globals';
import { POSTGRES } from '../support/engines.js';
import { STORIES, failpoints, tellCalmly, tellWithSleep } from '../support/stories.js';
import { STRIDE, isSame, report } from './torture.js';

/** A node falls asleep at every fail point, each time that it is reached, for longer than its lease: others do its work, and it wakes up. */

test('a node that falls asleep anywhere changes nothing when it wakes up', async () => {
  const story = STORIES.find(({ byOthers }) => byOthers)!;
  const prepared = await story.prepare(POSTGRES);
  const expected = await tellCalmly(prepared, story);
  let [sleeps, violations] = [0, 0];
  for (const point of failpoints()) {
    for (let nth = 1; ; nth += STRIDE) {
      const whole = await tellWithSleep(prepared, story, point, nth);
      if (whole === undefined) break;
      sleeps += 1;
      if (!isSame(`asleep at ${point}, time ${nth}`, whole, expected)) violations += 1;
    }
  }
  report('asleep at each fail point, beside another node', sleeps, 0, violations);
  await prepared.close();
  expect(violations).toBe(0);
  expect(sleeps).toBeGreaterThan(0);
});
