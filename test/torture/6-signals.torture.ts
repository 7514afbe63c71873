import { expect, test } from '@jest/globals';
import { SQLITE } from '../support/engines.js';
import type { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { STORIES, failpoints, tellCalmly, type Story } from '../support/stories.js';
import { STRIDE, isSame, report } from './torture.js';

/**
 * The program is told to stop (SIGTERM) at every fail point, each time that it is reached; and told twice, which ends it at
 * once. What is left then is done by the next run.
 */

const TOLD = STORIES.filter(({ on = SQLITE }) => on === SQLITE);

test.each(TOLD)('told to stop anywhere while $title, the program ends soon, and the next run ends whole', async (story) => {
  const prepared = await story.prepare();
  const expected = await tellCalmly(prepared, story);
  let [stops, violations] = [0, 0];
  for (const point of failpoints().filter((name) => story.about.test(name))) {
    for (const times of [1, 2]) {
      for (let nth = 1; ; nth += STRIDE) {
        const whole = await told(prepared, story, `${point}:sleep:${nth}`, times);
        if (whole === undefined) break;
        stops += 1;
        if (!isSame(`${story.title}: told ${times} times at ${point}, time ${nth}`, whole, expected)) violations += 1;
      }
    }
  }
  report(`told to stop once and twice, while ${story.title}`, stops, 0, violations);
  await prepared.close();
  expect(violations).toBe(0);
  expect(stops).toBeGreaterThan(0);
});

/** Undefined where the point is not reached so often. */
async function told(prepared: Program, { command, environment, recovery, recoveryEnvironment }: Story, armed: string, times: number): Promise<object | undefined> {
  const program = await prepared.copy();
  try {
    const running = new Running(program.start(command, { ...environment, SCD_FAILPOINT: armed }));
    if (!(await running.says(/fail point/u).then(() => true, () => false))) return undefined;
    if (times === 2) running.child.kill('SIGTERM');
    const code = await running.stop();
    // Told twice it may have ended of the first; a command that does not listen is killed by the signal.
    if (![0, 1, 143, null].includes(code)) throw new Error(`ended with ${code}:\n${running.said}`);
    await program.run(recovery, recoveryEnvironment);
    return await program.whole();
  } finally {
    await program.close();
  }
}
