import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';
import { canTrace } from '../torture/torture.js';

/** What the system, the disk and whoever runs the daemon do to it: what is said, and that nothing is lost. */

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

async function create(environment: Record<string, string> = {}): Promise<Program> {
  const program = await Program.create({ SCD_SETTLE_MS: '50', SCD_CONCURRENCY: '1', ...environment });
  programs.push(program);
  await mkdir(program.inbox);
  return program;
}

const some = workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2], ['CL-3', 'c', 3], ['CL-3', 'd', 4], ['CL-3', 'e', 'five']]);
const complete = "select total_count, error from stage_batch where batch_status = 'Complete' and claim is null";

/** In a user namespace of its own that may watch nothing. */
const WITHOUT_WATCHES = ['unshare', '--user', '--map-root-user', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"', 'sh'] as const;

function canRun(command: string, ...args: readonly string[]): boolean {
  const isThere = spawnSync(command, args).status === 0;
  if (!isThere) process.stderr.write(`${command} is missing or may not do what is needed: a fault is not tested\n`);
  return isThere;
}

function limitHandles({ child }: Running, limit: number): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${limit}:4096`]);
}

/** How many handles it keeps while it waits for files: those of the folders that it looks into come and go. */
async function handlesKept({ child }: Running, folders: string): Promise<number> {
  for (;;) {
    const handles = `/proc/${child.pid}/fd`;
    const targets = await Promise.all((await readdir(handles)).map(async (handle) => readlink(join(handles, handle)).catch(() => folders)));
    if (targets.includes('anon_inode:inotify')) return targets.filter((target) => !target.startsWith(folders)).length;
    await rest(5);
  }
}

async function undisturbed(): Promise<object> {
  const program = await create();
  await program.drop('some.xlsx', some);
  await program.run(['process']);
  return program.whole();
}

describe('a disk that fails', () => {
  (canTrace() ? test : test.skip)('and turns read-only under the database for that ends the program: what is written from then on is refused', async () => {
    const expected = await undisturbed();
    for (const nth of [3, 40]) {
      const program = await create();
      await program.run(['process']);
      await program.drop('some.xlsx', some);
      const wal = join(program.folder, 'data', 'scd-inbox.db-wal');
      const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', wal, '-e', 'trace=pwrite64', '-e', `inject=pwrite64:error=EROFS:when=${nth}+`];
      const { code, out, err } = await program.run(['process'], {}, under);
      expect([code, err]).toEqual([1, expect.stringContaining('the disk reported an error')]);
      expect(out).not.toContain('batch 1 complete');
      expect((await program.run(['process'])).code).toBe(0);
      expect(await program.whole()).toEqual(expected);
    }
  });
});

describe('a network share', () => {
  /** A program that was killed before it read its one file, and a command that runs it while asking for that file fails. */
  async function killed(call: string, error: string): Promise<{ program: Program; failing: (nth?: number) => string[] }> {
    const program = await create();
    await program.drop('some.xlsx', some);
    expect((await program.run(['process'], { SCD_FAILPOINT: 'attempt-begun:exit' })).code).toBe(null);
    const [claimed] = (await program.files()).filter((name) => name.startsWith('inbox/.processing/'));
    const inject = (nth?: number): string => `inject=${call}:error=${error}${nth === undefined ? '' : `:when=${nth}`}`;
    return { program, failing: (nth) => ['strace', '-f', '-qq', '-o', '/dev/null', '-P', claimed!, '-e', `trace=${call}`, '-e', inject(nth)] };
  }

  (canTrace() ? test : test.skip)('that fails for a while to give a file says nothing of the file, however often it is asked', async () => {
    const { program, failing } = await killed('openat', 'ETIMEDOUT');
    for (let asked = 1; asked <= 3; asked += 1) {
      const { code, out } = await program.run(['process'], {}, failing());
      expect([code, out]).toEqual([1, expect.stringContaining('the network share does not answer; it stays where it is and is tried again')]);
    }
    expect((await program.run(['process'])).code).toBe(0);
    expect(await program.whole()).toEqual(await undisturbed());
  });

  // Each of these is the nth look at the file: at what is unfinished, before and after reading, before the move, in it.
  (canTrace() ? test : test.skip)('that is mounted anew under a look at a file puts the file off', async () => {
    const failures = await failingOneByOne('statx', 'ESTALE', 'the network share was mounted anew', 2);
    expect(failures).toBeGreaterThan(3);
  });

  // The same of reading it: to know its content again, and row by row in the reading thread.
  (canTrace() ? test : test.skip)('or a disk, that does not give a part of a file puts the file off, and its rows count once', async () => {
    const failures = await failingOneByOne('read', 'EIO', 'the disk reported an error') + await failingOneByOne('pread64', 'EIO', 'the disk reported an error');
    expect(failures).toBeGreaterThan(3);
  });

  /** Lets the nth call on the file fail, for each n from `first` on. Returns how many there were. */
  async function failingOneByOne(call: string, error: string, said: string, first = 1): Promise<number> {
    const expected = await undisturbed();
    const { program: left, failing } = await killed(call, error);
    for (let nth = first; ; nth += 1) {
      const program = await left.copy();
      programs.push(program);
      const { code, out } = await program.run(['process'], { UV_THREADPOOL_SIZE: '1' }, failing(nth));
      if (code === 0) return nth - first;
      expect([nth, out]).toEqual([nth, expect.stringMatching(new RegExp(`"level":"warn".*${said}; it stays where it is and is tried again`, 'u'))]);
      expect((await program.run(['process'])).code).toBe(0);
      expect(await program.whole()).toEqual(expected);
    }
  }
});

describe('SIGTERM', () => {
  const states = ['claimed', 'chunk-staged', 'account-commit', 'answered'];

  test.each(states)('at %s lets what is under way end, exits 0, and the next start ends whole', async (point) => {
    const program = await create();
    await program.drop('some.xlsx', some);
    const running = new Running(program.start(['run'], { SCD_FAILPOINT: `${point}:sleep:1` }));
    await running.says(new RegExp(`fail point ${point}`, 'u'));
    expect(await running.stop()).toBe(0);
    expect(running.said).toContain('"event":"stopped"');
    expect((await program.run(['process'])).code).toBe(0);
    expect(await program.rows(complete)).toEqual([{ total_count: 5, error: null }]);
    expect(await program.rows('select attempts from stage_batch')).toEqual([{ attempts: 1 }]);
  });

  test('a second one ends the program at once, and the next start ends whole', async () => {
    const program = await create();
    await program.drop('some.xlsx', some);
    const running = new Running(program.start(['run'], { SCD_FAILPOINT: 'account-commit:sleep' }));
    await running.says(/fail point account-commit/u);
    running.child.kill('SIGTERM');
    await running.says(/"event":"stopping"/u);
    expect(await running.stop()).toBe(143);
    expect((await program.run(['process'])).code).toBe(0);
    expect(await program.whole()).toEqual(await undisturbed());
  });
});

describe('an inbox', () => {
  test('that is missing at the start is made', async () => {
    const program = await create();
    await rm(program.inbox, { recursive: true });
    const daemon = await program.daemon();
    await program.drop('some.xlsx', some);
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });

  test('that is deleted or moved under the daemon is made again and watched again', async () => {
    const program = await create({ SCD_SCAN_SECONDS: '0.2' });
    const daemon = await program.daemon();
    await rename(program.inbox, `${program.inbox} moved`);
    await daemon.says(/inbox .* was missing and was made again; where it was a mount that went away, mount it again/u);
    await mkdir(program.inbox, { recursive: true });
    await program.drop('some.xlsx', some);
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    await rm(program.inbox, { recursive: true });
    await mkdir(program.inbox, { recursive: true });
    await program.drop('more.xlsx', workbook('2022-02-28', [['CL-1', 'a', 1]]));
    expect(await program.until(daemon.child, `${complete} and id = 2`)).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });
});

describe('a system without', () => {
  (canRun('prlimit', '--version') ? test : test.skip)('file handles to spare puts work off, and goes on when there are', async () => {
    const program = await create();
    const daemon = await program.daemon();
    limitHandles(daemon, 20);
    await program.drop('some.xlsx', some);
    await daemon.says(/too many open files/u);
    limitHandles(daemon, 4_096);
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 5, error: null }]);
    expect(await daemon.stop()).toBe(0);
  });

  (canRun('prlimit', '--version') ? test : test.skip).each([1, 3])('file handles for a reading thread, with %d to spare, does not hold it against the file, and reads it when there are', async (spare) => {
    const program = await create();
    const daemon = await program.daemon();
    limitHandles(daemon, await handlesKept(daemon, program.inbox) + spare);
    await program.drop('some.xlsx', some);
    await daemon.says(/some\.xlsx: no thread could be started for it: too many open files/u);
    await daemon.says(/tried again/u, 2);
    limitHandles(daemon, 4_096);
    expect(await program.rows('select attempts from stage_batch')).toEqual([{ attempts: 0 }]);
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 5, error: null }]);
    expect(await daemon.stop()).toBe(0);
  });

  (canRun(...WITHOUT_WATCHES, 'true') ? test : test.skip)('watches left says so once, and finds files by looking', async () => {
    const program = await create();
    const daemon = await program.daemon({}, WITHOUT_WATCHES);
    await program.drop('some.xlsx', some);
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    await program.until(daemon.child, 'select 1 from node_status where scanned_at > ?', [new Date().toISOString()]);
    expect(daemon.said.match(/the system has no watches left \(raise fs\.inotify\.max_user_watches\)/gu)).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });

  test('a reader of its output goes on', async () => {
    const program = await create();
    const child = program.start(['run']);
    child.stdout!.destroy();
    child.stderr!.destroy();
    await program.until(child, 'select 1 from node_status');
    await program.drop('some.xlsx', some);
    expect(await program.until(child, complete)).toHaveLength(1);
    child.kill('SIGTERM');
  });
});

describe('a writer', () => {
  test('that keeps its handle open and writes on is not cut off: what was claimed changed goes back or is read whole', async () => {
    const program = await create();
    const daemon = await program.daemon({ SCD_FAILPOINT: 'claim-renamed:sleep:1' });
    await program.drop('some.xlsx', Buffer.concat([some]));
    await daemon.says(/fail point claim-renamed/u);
    const [claimed] = (await program.files()).filter((name) => name.startsWith('inbox/.processing/'));
    await writeFile(join(program.folder, claimed!), workbook('2022-03-28', [['CL-9', 'z', 9]]));
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 1, error: null }]);
    expect((await program.files()).filter((name) => name.startsWith('inbox/'))).toEqual([]);
    expect(await daemon.stop()).toBe(0);
  });

  test('that takes a claimed file away is told so, and the file can be dropped again', async () => {
    const program = await create();
    const daemon = await program.daemon({ SCD_FAILPOINT: 'attempt-begun:sleep:1' });
    await program.drop('some.xlsx', some);
    await daemon.says(/fail point attempt-begun/u);
    await rm(join(program.inbox, '.processing'), { recursive: true });
    expect(await program.until(daemon.child, "select batch_status, error from stage_batch where claim is null")).toEqual([
      { batch_status: 'Error', error: 'the file was taken away while it was worked on; drop it again' }]);
    await program.drop('some.xlsx', some);
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 5, error: null }]);
    expect(await daemon.stop()).toBe(0);
  });
});
