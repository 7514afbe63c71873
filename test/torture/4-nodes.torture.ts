import { afterEach, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { POSTGRES, SQLITE, type Engine } from '../support/engines.js';
import { Program } from '../support/program.js';
import type { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';
import { SEED, STRIDE, chances, isSame, outcomesOf, report } from './torture.js';

/**
 * Four daemons on one PostgreSQL and one inbox are killed, and put to sleep for longer than their leases, while a thousand
 * files come that name the same accounts. The history must be that of one daemon that was left alone, on SQLite.
 */

const FILES = Math.ceil(1_000 / STRIDE);
const LEASE_MS = 2_000;
/** How long a node is left alone, on average: to start and to take over takes a second or two. */
const TROUBLE_EVERY_MS = 5_000;
const NODES = ['north', 'east', 'south', 'west'];
const DAY_MS = 86_400_000;

const programs: Program[] = [];
afterEach(async () => { for (const program of programs.splice(0)) await program.close(); });

test('four nodes that are killed and put to sleep at random take each file in once', async () => {
  const chance = chances();
  const [disturbed, calm] = [await fed(POSTGRES), await fed(SQLITE)];
  const daemons = new Map<string, Running>();
  const start = async (node: string): Promise<void> => { daemons.set(node, await disturbed.daemon({ SCD_NODE: node, SCD_LEASE_SECONDS: String(LEASE_MS / 1_000) })); };
  await Promise.all(NODES.map(start));
  let [kills, sleeps] = [0, 0];
  const trouble = async (node: string): Promise<void> => {
    while (await isAtWork(disturbed)) {
      await rest(chance() * TROUBLE_EVERY_MS * 2);
      const running = daemons.get(node)!;
      if (chance() < 0.5) {
        kills += 1;
        await running.stop('SIGKILL');
        await start(node);
      } else {
        sleeps += 1;
        running.child.kill('SIGSTOP');
        await rest(LEASE_MS * (1.2 + chance()));
        running.child.kill('SIGCONT');
      }
    }
  };
  await Promise.all(NODES.map(trouble));
  for (const running of daemons.values()) expect(await running.stop()).toBe(0);
  await calm.run(['process']);
  const isWhole = isSame(`seed ${SEED}`, await outcomesOf(disturbed), await outcomesOf(calm));
  report(`four nodes, ${FILES} files, ${sleeps} sleeps longer than the lease`, kills + sleeps, kills, isWhole ? 0 : 1);
  expect(isWhole).toBe(true);
  expect((await disturbed.run(['check', '--replay'])).code).toBe(0);
});

async function fed(engine: Engine): Promise<Program> {
  const program = await Program.create({ SCD_CONCURRENCY: '2', SCD_SETTLE_MS: '50', SCD_MAX_ATTEMPTS: '1000000' }, undefined, engine);
  programs.push(program);
  await mkdir(program.inbox);
  for (let number = 0; number < FILES; number += 1) await program.drop(`${String(number).padStart(4, '0')}.xlsx`, fileOf(number));
  return program;
}

/** Whether a file is not in the archive yet. */
async function isAtWork(program: Program): Promise<boolean> {
  const [row] = await program.rows<{ done: number }>('select count(*) as done from stage_batch where claim is null');
  return row!.done < FILES;
}

/** Each file has a date of its own: no two contradict each other, in whatever order they come. */
function fileOf(number: number): Buffer {
  const date = new Date(Date.UTC(2001, 0, 1) + ((number * 37) % FILES) * 5 * DAY_MS).toISOString().slice(0, 10);
  return workbook(date, Array.from({ length: 6 }, (_, row) =>
    [`CL-${(number + row * 3) % 10}`, `R${row % 2}`, row === 4 && number % 5 === 0 ? 'n/a' : (number % 4) * 10 + row] as const));
}
