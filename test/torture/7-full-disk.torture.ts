import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount, mountSmall, unmount } from '../support/mounts.js';
import type { Program } from '../support/program.js';
import { STORIES } from '../support/stories.js';
import { STRIDE, isSame, outcomesOf, report } from './torture.js';

/**
 * The disk under the database or the archive holds one page, two, three … until it holds everything: wherever in the
 * protocol it is full, the next run, with room, ends whole.
 */

const STORY = STORIES[0]!;
const PAGE_KIB = 4;
const ROOM = '64m';

(canMount ? test : test.skip).each(['data', 'archive'])('full at any page of its %s folder, the program says so, and ends whole once there is room', async (folder) => {
  const prepared = await STORY.prepare();
  // A file that is put off comes behind the others: which of two equal ones is the Duplicate, and which of two that
  // contradict each other holds, goes by who comes first.
  for (const name of ['4 january again.xlsx', '7 contradiction.xlsx']) await rm(join(prepared.inbox, name));
  const expected = (await told(prepared, folder, ROOM)).outcomes;
  let [points, violations] = [0, 0];
  for (let isFull = true; isFull; points += 1) {
    const pages = 1 + points * STRIDE;
    const { hasWaited, said, outcomes } = await told(prepared, folder, `${pages * PAGE_KIB}k`);
    isFull = hasWaited;
    // A fault that is called another would send whoever reads the log the wrong way.
    if (isFull && !/the disk is full/u.test(said)) {
      process.stdout.write(`torture | VIOLATION | ${folder} of ${pages} pages says: ${said}\n`);
      violations += 1;
    }
    if (!isSame(`${folder} of ${pages} pages`, outcomes, expected)) violations += 1;
  }
  report(`full at each page of ${folder}, while ${STORY.title}`, points, 0, violations);
  await prepared.close();
  expect(violations).toBe(0);
  expect(points).toBeGreaterThan(1);
});

async function told(prepared: Program, folder: string, size: string): Promise<{ hasWaited: boolean; said: string; outcomes: object }> {
  const program = await prepared.copy();
  const mounted = join(program.folder, folder);
  mountSmall(mounted, size);
  try {
    const { out, err } = await program.run(STORY.command, STORY.environment);
    const hasWaited = await program.hasWaiting();
    execFileSync('mount', ['-o', `remount,size=${ROOM}`, mounted]);
    await program.run(STORY.recovery, STORY.recoveryEnvironment);
    return { hasWaited, said: out + err, outcomes: { ...await outcomesOf(program), check: (await program.run(['check'])).code } };
  } finally {
    unmount(mounted);
    await program.close();
  }
}
