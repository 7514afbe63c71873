import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { ChildProcess } from 'node:child_process';
import fc from 'fast-check';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';
import { KILLS, SEED, isSame, report } from './torture.js';

/** A daemon under a feeder that never rests is killed at random instants. Every file must count once, whatever was killed. */

const ENVIRONMENT = { SCD_CONCURRENCY: '2', SCD_SETTLE_MS: '50', SCD_MAX_ATTEMPTS: '1000000' };
const MOST_FILES = 400;
const DAY_MS = 86_400_000;

test('a daemon that is killed at random instants while files come ends as one that was left alone', async () => {
  process.stdout.write(`torture | seed ${SEED}\n`);
  const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { numRuns: KILLS * 3, seed: SEED }).values();
  const chance = (): number => random.next().value ?? 0.5;
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

/** What does not depend on the order of the files: chains, each file's outcome and rows, and what lies where. */
async function outcomesOf(program: Program): Promise<object> {
  return {
    chains: await program.rows(`select a.account_number, external_reference, company_name, amount, term, from_date, to_date, is_placeholder, is_missing
      from master_record m join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2, 6`),
    files: await program.rows(`select filename, batch_status, total_count, success_count, failure_count,
      add_count + append_count + replace_count + merge_count + unchanged_count as counted, claim is null as done, error from stage_batch order by filename, id`),
    rows: await program.rows(`select b.filename, r.row_number, r.process_status, r.process_action <> 'N/A' as has_action, r.error
      from stage_record r join stage_batch b on b.id = r.batch_id order by 1, 2, r.id`),
    marks: await program.rows(`select b.filename, a.account_number, m.applied_seq is not null as applied from batch_account m
      join stage_batch b on b.id = m.batch_id join client_account a on a.id = m.client_account_id order by 1, 2`),
    onDisk: (await program.files()).filter((name) => !name.startsWith('data/')),
  };
}
