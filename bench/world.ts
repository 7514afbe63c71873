import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { Meter, type Use } from './meter.js';

/** The real program in a folder of its own, watched from outside. */

const PROGRAM = join(process.cwd(), 'dist', 'main.js');
const FOLDER = join(process.cwd(), 'data', 'bench', 'worlds');

/** What a piece of work cost. */
export interface Cost extends Use {
  /** From the drop to the line of the log that says what became of it. */
  readonly seconds: number;
}

export interface Outcome {
  readonly batch: number;
  readonly file: string;
  readonly status: string;
}

export class World {
  private daemon: { process: ChildProcess; meter: Meter } | undefined;
  private readonly outcomes = new Map<string, Outcome>();
  private wake: () => void = () => undefined;

  private constructor(readonly folder: string, private readonly database: string, private readonly server?: string) {}

  /** An empty world: with a SQLite file of its own, or with a database of its own on the PostgreSQL server named. */
  static async create(server?: string): Promise<World> {
    await mkdir(FOLDER, { recursive: true });
    const folder = await mkdtemp(join(FOLDER, 'world-'));
    await mkdir(join(folder, 'inbox'));
    if (server === undefined) return new World(folder, `sqlite:${join(folder, 'data', 'scd-inbox.db')}`);
    const database = new URL(server);
    database.pathname = basename(folder).replace('-', '_').toLowerCase();
    await administer(server, `create database "${database.pathname.slice(1)}"`);
    return new World(folder, database.href, server);
  }

  /** A copy of a world at rest with its own SQLite file. */
  async copy(): Promise<World> {
    const copy = await World.create();
    await cp(this.folder, copy.folder, { recursive: true });
    return copy;
  }

  /** Starts the daemon. */
  async start(): Promise<void> {
    const child = this.spawn(['run']);
    this.daemon = { process: child, meter: new Meter(child.pid!) };
    const lines = createInterface({ input: child.stdout! });
    const started = new Promise<void>((resolve, reject) => {
      lines.on('line', (text) => {
        const line = JSON.parse(text) as { event: string; message: string } & Outcome;
        if (line.event === 'batch') this.outcomes.set(line.file, line);
        else if (line.event === 'started') resolve();
        else if (line.event !== 'stopping' && line.event !== 'stopped') process.stderr.write(`    ${line.message}\n`);
        this.wake();
      });
      child.on('exit', (code) => reject(new Error(`the daemon ended with ${code}`)));
    });
    await started;
  }

  /** Stops the daemon and waits for its end. */
  async stop(): Promise<void> {
    if (this.daemon === undefined) return;
    const { process: child, meter } = this.daemon;
    this.daemon = undefined;
    meter.stop();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  /** Drops workbooks at once, each under its own name, and waits until all have ended Complete. */
  async take(paths: readonly string[]): Promise<Cost> {
    const { statuses, ...cost } = await this.drop(paths);
    const failed = statuses.findIndex((status) => status !== 'Complete');
    if (failed >= 0) throw new Error(`${basename(paths[failed]!)} ended ${statuses[failed]!}`);
    return cost;
  }

  /** Drops files at once, each under its own name, and waits until all have ended, as what they did. */
  async drop(paths: readonly string[]): Promise<Cost & { readonly statuses: readonly string[] }> {
    const parts = paths.map((path) => join(this.folder, `.${basename(path)}.part`));
    for (const [index, path] of paths.entries()) await copyFile(path, parts[index]!);
    const { meter } = this.daemon!;
    meter.reset();
    const start = performance.now();
    for (const [index, path] of paths.entries()) await rename(parts[index]!, join(this.folder, 'inbox', basename(path)));
    const statuses: string[] = [];
    for (const path of paths) statuses.push(await this.untilEnded(basename(path)));
    const seconds = (performance.now() - start) / 1000;
    return { seconds, statuses, ...meter.use() };
  }

  /** What an idle daemon uses over a time. */
  async rest(seconds: number): Promise<Cost> {
    const { meter } = this.daemon!;
    meter.reset();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return { seconds, ...meter.use() };
  }

  /** Runs a command to its end. */
  async run(args: readonly string[]): Promise<Cost> {
    const start = performance.now();
    const child = this.spawn(args);
    const meter = new Meter(child.pid!);
    child.stdout!.resume();
    const [code] = await once(child, 'exit') as [number | null];
    if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}`);
    meter.stop();
    return { seconds: (performance.now() - start) / 1000, ...meter.last };
  }

  async remove(): Promise<void> {
    await this.stop();
    if (this.server !== undefined) await administer(this.server, `drop database "${new URL(this.database).pathname.slice(1)}" with (force)`);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async untilEnded(file: string): Promise<string> {
    for (;;) {
      const outcome = this.outcomes.get(file);
      if (outcome !== undefined) return outcome.status;
      await new Promise<void>((resolve) => { this.wake = resolve; });
    }
  }

  private spawn(args: readonly string[]): ChildProcess {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SCD_'));
    // Such as --cpu-prof --cpu-prof-dir=/tmp/profile.
    const nodeOptions = process.env['BENCH_NODE_ARGS']?.split(' ') ?? [];
    return spawn(process.execPath, [...nodeOptions, PROGRAM, ...args], {
      cwd: this.folder, env: { ...Object.fromEntries(inherited), SCD_DATABASE: this.database },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }
}

async function administer(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
