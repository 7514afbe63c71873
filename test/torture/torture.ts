import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import type { Program } from '../support/program.js';

/** What the torture tests share: how thorough they are, and the table that they print. */

function whole(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d*$/u.test(text)) throw new Error(`${name}: expected a whole number from 1, found "${text}"`);
  return Number(text);
}

/** Every how many-th point is tried: 1 tries all. */
export const STRIDE = whole('SCD_TORTURE_STRIDE', 1);

/** How often the daemon under a feeder is killed. */
export const KILLS = whole('SCD_TORTURE_KILLS', 300);

export const SEED = whole('SCD_TORTURE_SEED', Date.now() % 1_000_000 + 1);

/** An even source of numbers from 0 to below 1, from the seed, which it prints. */
export function chances(): () => number {
  process.stdout.write(`torture | seed ${SEED}\n`);
  const drawn = fc.sample(fc.noBias(fc.nat(999_999)), { numRuns: 100_000, seed: SEED }).values();
  return () => drawn.next().value! / 1_000_000;
}

/** Whether strace is there and may trace. */
export function canTrace(): boolean {
  const isThere = spawnSync('strace', ['-f', '-o', '/dev/null', '-e', 'trace=fsync', 'true']).status === 0;
  if (!isThere) process.stderr.write('strace is not installed or may not trace: nothing is killed before its system calls\n');
  return isThere;
}

/** Prints a line of the result. */
export function report(what: string, points: number, kills: number, violations: number): void {
  process.stdout.write(`torture | ${what} | ${points} points | ${kills} kills | ${violations} violations\n`);
}

/** Whether two worlds are the same; says where they differ. */
export function isSame(what: string, found: object, expected: object): boolean {
  const [one, other] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)];
  if (one === other) return true;
  const [lines, wanted] = [one.split('\n'), other.split('\n')];
  const at = lines.findIndex((line, index) => line !== wanted[index]);
  process.stdout.write(`torture | VIOLATION | ${what}\n  found    ${lines.slice(at, at + 12).join('')}\n  expected ${wanted.slice(at, at + 12).join('')}\n`);
  return false;
}

/** What does not depend on the order of the files: chains, each file's outcome and rows, and what lies where. */
export async function outcomesOf(program: Program): Promise<object> {
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
