import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';
import { KILLS, SEED, chances, isSame, outcomesOf, report } from './torture.js';

/** A daemon under a feeder that never rests is killed at random instants. Every file must count once, whatever was killed. */

const ENVIRONMENT = { SCD_CONCURRENCY: '2', SCD_SETTLE_MS: '50', SCD_MAX_ATTEMPTS: '1000000' };
const MOST_FILES = 400;
const DAY_MS = 86_400_000;

test('a daemon that is killed at random instants while files come ends as one that was left alone', async () => {
  const chance = chances();
  const [disturbed, calm] = [await feeding(), await feeding()];
  let fed = 0;
  const feeder = setInterval(() => { if (fed < MOST_FILES) void disturbed.drop(nameOf(fed), fileOf(fed++)); }, 200);
  let kills = 0;
  while (kills < KILLS) {
    const child = disturbed.start(['run']);
    // One in five dies while it starts, the others at work.
    if (chance() < 0.8) await started(child);
    await new Promise((wake) => setTimeout(wake, chance() * 600));
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(null);
    kills += 1;
  }
  clearInterval(feeder);
  await disturbed.run(['process']);
  for (let number = 0; number < fed; number += 1) await calm.drop(nameOf(number), fileOf(number));
  await calm.run(['process']);
  const isWhole = isSame(`seed ${SEED}`, await outcomesOf(disturbed), await outcomesOf(calm));
  report(`at random under a feeder (${fed} files)`, kills, kills, isWhole ? 0 : 1);
  expect(isWhole).toBe(true);
  await Promise.all([disturbed.close(), calm.close()]);
});

async function feeding(): Promise<Program> {
  const program = await Program.create(ENVIRONMENT);
  await mkdir(program.inbox);
  return program;
}

function nameOf(number: number): string {
  return `${String(number).padStart(4, '0')}.xlsx`;
}

/** Each file has a date of its own: no two contradict each other, in whatever order they come. One row in nine fails. */
function fileOf(number: number): Buffer {
  const date = new Date(Date.UTC(2001, 0, 1) + ((number * 37) % MOST_FILES) * 9 * DAY_MS).toISOString().slice(0, 10);
  return workbook(date, Array.from({ length: 18 }, (_, row) =>
    [`CL-${(number + row) % 5}`, `R${row % 7}-${row}`, row % 9 === 4 ? 'n/a' : (number % 4) * 10 + row] as const));
}

async function started(child: ChildProcess): Promise<void> {
  for await (const chunk of child.stdout!) if (String(chunk).includes('"started"')) return;
}
