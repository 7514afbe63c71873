import { afterAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';
import { canTrace } from '../torture/torture.js';

/** Whatever it was that was to be synced: the program ends at once, and the next start ends whole. */

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

const traced = canTrace() ? test : test.skip;
const FILES = 20;

/** An inbox with small files, some with a row that fails: these get an answer. The syncs of a program are made by one thread, and can be counted. */
async function create(): Promise<Program> {
  const program = await Program.create({ SCD_SETTLE_MS: '50', SCD_CONCURRENCY: '2', SCD_MAX_FAILURE_RATIO: '1', UV_THREADPOOL_SIZE: '1' });
  programs.push(program);
  await mkdir(program.inbox);
  for (let file = 0; file < FILES; file += 1) {
    await program.drop(`${file}.xlsx`, workbook('2022-01-28', [[`CL-${file}`, 'a', file], [`CL-${file}`, 'b', file % 4 === 0 ? 'four' : 4]]));
  }
  return program;
}

const SYNC = /f(?:data)?sync\(\d+<(?<path>[^>]*)>/u;

/** Under this every sync is written down; with `nth` that one fails. The signals meant for the program reach it. */
function tracer(program: Program, nth?: number, injectInto: readonly string[] = []): string[] {
  const fault = nth === undefined ? [] : ['-e', `inject=fsync,fdatasync:error=EIO:when=${nth}`];
  return ['strace', '-D', '-f', '-y', '-qq', '-o', join(program.folder, 'trace'), ...injectInto, '-e', 'trace=fsync,fdatasync', ...fault];
}

async function syncsOf(program: Program): Promise<{ path: string; isFailed: boolean }[]> {
  const lines = (await readFile(join(program.folder, 'trace'), 'utf8')).split('\n').filter((line) => SYNC.test(line));
  return lines.map((line) => ({ path: SYNC.exec(line)!.groups!['path']!, isFailed: line.includes('(INJECTED)') }));
}

/** What of a program's files is the same in whatever order they are taken in. */
async function outcome(program: Program): Promise<object> {
  return {
    chains: await program.rows(`select account_number, external_reference, amount, from_date, to_date from master_record m
      join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2`),
    batches: await program.rows('select filename, batch_status, success_count, failure_count, claim from stage_batch order by 1'),
    files: (await program.files()).filter((name) => /^(?:inbox|archive)\//u.test(name)),
  };
}

/** Each takes all files in, or ends before. Returns how it ended. */
const WAYS: Readonly<Record<string, (program: Program, nth?: number) => Promise<number | null>>> = {
  process: async (program, nth) => (await program.run(['process'], {}, tracer(program, nth))).code,
  run: async (program, nth) => {
    const running = new Running(program.start(['run'], {}, tracer(program, nth)));
    await running.says(/"event":"batch"/u, FILES).catch(() => undefined);
    return running.stop();
  },
};

/** What is synced. */
const KINDS: Readonly<Record<string, RegExp>> = {
  claim: /\/inbox\/\.processing\/[^/]+/u, WAL: /\.db-wal$/u, archive: /\/archive\/processed\/\d+\/\d+$/u, answer: /\/archive\/.*\.part$/u, folder: /\/inbox(?:\/\.processing)?$/u,
};

/** SQLite syncs its log and itself when the last connection is closed. What it moves then is safe in the log already. */
function isCheckpointAtClose(syncs: readonly { path: string; isFailed: boolean }[]): boolean {
  return syncs.slice(syncs.findIndex(({ isFailed }) => isFailed)).every(({ path }) => /\.db(?:-wal)?$/u.test(path));
}

describe('a disk that fails at a sync', () => {
  traced.each(Object.keys(WAYS))('of %s ends the program at once, whatever was synced, and the next start ends whole', async (way) => {
    const undisturbed = await create();
    expect(await WAYS[way]!(undisturbed)).toBe(0);
    const expected = await outcome(undisturbed);
    const syncs = await syncsOf(undisturbed);
    const failed = new Set<string>();
    for (const [kind, pattern] of Object.entries(KINDS)) {
      const points = syncs.flatMap(({ path }, index) => (pattern.test(path) ? [index + 1] : []));
      // One of each kind, and more where another sync came in its place: two files at a time are never synced in quite the same order.
      const tried = [points[points.length >> 1]!, ...points];
      for (let run = 0; !failed.has(kind); run += 1) {
        const program = await create();
        const code = await WAYS[way]!(program, tried[run % tried.length]);
        const seen = await syncsOf(program);
        const at = seen.find(({ isFailed }) => isFailed)?.path;
        if (at === undefined || isCheckpointAtClose(seen)) continue;
        expect({ at, code }).toEqual({ at, code: 1 });
        for (const [name, of] of Object.entries(KINDS)) if (of.test(at)) failed.add(name);
        expect((await program.run(['process'])).code).toBe(0);
        expect(await outcome(program)).toEqual(expected);
      }
    }
    expect([...failed].sort()).toEqual(Object.keys(KINDS).sort());
  });

  traced('ends the program, too, where nobody reads what it says any more', async () => {
    const program = await create();
    const child = program.start(['process'], {}, tracer(program, 60));
    child.stderr!.destroy();
    child.stdout!.resume();
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect((await syncsOf(program)).filter(({ isFailed }) => isFailed)).toHaveLength(1);
  });

  traced('ends approve with the reason, and the next start carries it out', async () => {
    const program = await Program.create({ SCD_SETTLE_MS: '50' });
    programs.push(program);
    await mkdir(program.inbox);
    for (const items of [12, 5]) {
      await program.drop(`${items}.xlsx`, workbook(`2022-0${items === 12 ? 1 : 2}-28`, Array.from({ length: items }, (_, item) => ['CL-1', `R${item}`, 5] as const)));
      await program.run(['process']);
    }
    const [archived] = (await program.files()).filter((name) => name.startsWith('archive/processed/'));
    const folder = join(program.folder, archived!, '..');
    const { code, err } = await program.run(['approve', '2'], {}, tracer(program, 1, ['-P', folder]));
    expect([code, err]).toEqual([1, expect.stringMatching(/^scd-inbox: .*the disk reported an error when it was to be synced/u)]);
    expect((await program.run(['process'])).code).toBe(0);
    expect(await program.rows('select batch_status, claim from stage_batch where id = 2')).toEqual([{ batch_status: 'Complete', claim: null }]);
  });
});
