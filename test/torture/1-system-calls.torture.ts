import { describe, expect, test } from '@jest/globals';
import { STORIES, tellCalmly, type Story } from '../support/stories.js';
import type { Program } from '../support/program.js';
import { STRIDE, canTrace, isSame, report } from './torture.js';

/**
 * `process` is killed before its Nth system call of a kind, for every N until it is no longer killed, and then run to
 * its end. One thread does all disk work (UV_THREADPOOL_SIZE=1), for strace counts by thread and by call. Opening is
 * left out: loading the program opens a thousand files; what a call creates is seen before the next.
 */

const CALLS = ['rename', 'link', 'unlink', 'fsync', 'ftruncate', 'mkdir', 'rmdir', 'pwrite64'];
/** Most writes are pages of one transaction, and SQLite's own tests kill between them. */
const MORE_STRIDE: Readonly<Record<string, number>> = { pwrite64: 5 };

describe('killed before any system call that changes the disk, the program ends as if it had never been', () => {
  (canTrace() ? test : test.skip).each(STORIES.filter(({ title }) => title.startsWith('files')))('while $title', async (story) => {
    const prepared = await story.prepare();
    const expected = await tellCalmly(prepared, story);
    const sum = { points: 0, kills: 0, violations: 0 };
    for (const call of CALLS) {
      const step = STRIDE * (MORE_STRIDE[call] ?? 1);
      for (let nth = 1, wasKilled = true; wasKilled; nth += step) {
        const { isKilled, whole } = await killedBefore(prepared, story, call, nth);
        wasKilled = isKilled;
        sum.points += 1;
        sum.kills += isKilled ? 1 : 0;
        if (!isSame(`${story.title}: before ${call} ${nth}`, whole, expected)) sum.violations += 1;
      }
    }
    report(`before each system call, while ${story.title}`, sum.points, sum.kills, sum.violations);
    await prepared.close();
    expect(sum.violations).toBe(0);
    expect(sum.kills).toBeGreaterThan(CALLS.length);
  });
});

async function killedBefore(prepared: Program, story: Story, call: string, nth: number): Promise<{ isKilled: boolean; whole: object }> {
  const program = await prepared.copy();
  try {
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
    const { code } = await program.run(story.command, { ...story.environment, UV_THREADPOOL_SIZE: '1' }, under);
    await program.run(story.recovery, story.recoveryEnvironment);
    return { isKilled: code === null, whole: await program.whole() };
  } finally {
    await program.close();
  }
}
