import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Database, openReader } from '../../src/store/database.js';
import { SQLITE, type Engine } from './engines.js';
import { PATIENCE_MS, Running } from './running.js';

const POLL_MS = 5;
const REOPENED_EVERY = 100;

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The real program in a folder of its own: real processes, real files, a real database. */
export class Program {
  private readonly running = new Set<ChildProcess>();

  private constructor(
    readonly folder: string, private readonly environment: Record<string, string>, readonly archive: string, private readonly engine: Engine,
    /** The database on a server; SQLite's lies in the folder. */
    private readonly onServer: string | undefined,
  ) {}

  /** Makes the folder; its archive lies in it, or in a folder of its own under `archiveOn`. */
  static async create(environment: Record<string, string> = {}, archiveOn?: string, engine: Engine = SQLITE): Promise<Program> {
    return Program.make(environment, archiveOn, engine, engine === SQLITE ? undefined : await engine.create());
  }

  private static async make(environment: Record<string, string>, archiveOn: string | undefined, engine: Engine, onServer: string | undefined): Promise<Program> {
    const folder = await mkdtemp(join(tmpdir(), 'scd-program-'));
    const archive = archiveOn === undefined ? join(folder, 'archive') : await mkdtemp(join(archiveOn, 'scd-archive-'));
    return new Program(folder, { SCD_SCAN_SECONDS: '0.2', ...(onServer === undefined ? {} : { SCD_DATABASE: onServer }), ...environment }, archive, engine, onServer);
  }

  /** A further program in a copy of this one's folder and database as they are now. */
  async copy(): Promise<Program> {
    const { SCD_DATABASE: _, ...environment } = this.environment;
    const onServer = this.onServer === undefined ? undefined : await this.engine.copy(this.onServer);
    const program = await Program.make(environment, this.isArchiveElsewhere ? dirname(this.archive) : undefined, this.engine, onServer);
    await cp(this.folder, program.folder, { recursive: true });
    return program;
  }

  /** The same of one that has taken files in: its batches say where their files lie in the copy. */
  async copyWithArchive(): Promise<Program> {
    const program = await this.copy();
    await program.execute(`update stage_batch set archived_path = replace(archived_path, '${this.folder}', '${program.folder}')`);
    return program;
  }

  private get isArchiveElsewhere(): boolean {
    return dirname(this.archive) !== this.folder;
  }

  get inbox(): string {
    return join(this.folder, 'inbox');
  }

  get database(): string {
    return this.onServer ?? `sqlite:${join(this.folder, 'data', 'scd-inbox.db')}`;
  }

  /** Puts a whole file into the inbox. */
  async drop(name: string, bytes: Buffer): Promise<void> {
    const part = join(this.folder, `${name}.part`);
    await writeFile(part, bytes);
    await rename(part, join(this.inbox, name));
  }

  /** Starts the program; `under` is a command that runs it, such as a tracer. */
  start(args: readonly string[], environment: Record<string, string> = {}, under: readonly string[] = []): ChildProcess {
    // Settings come from the test alone, not from whoever runs it.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCD_')));
    const [command, ...rest] = [...under, process.execPath, PROGRAM, ...args];
    const child = spawn(command!, rest, {
      cwd: this.folder, env: { ...inherited, SCD_ARCHIVE: this.archive, ...this.environment, ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running.add(child);
    child.on('exit', () => this.running.delete(child));
    return child;
  }

  /** Starts the daemon, and waits until it watches. */
  async daemon(environment: Record<string, string> = {}, under: readonly string[] = []): Promise<Running> {
    const running = new Running(this.start(['run'], environment, under));
    await running.says(/"event":"started"/u);
    return running;
  }

  /** Runs the program to its end. */
  async run(
    args: readonly string[], environment: Record<string, string> = {}, under: readonly string[] = [],
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = this.start(args, environment, under);
    const texts = { out: '', err: '' };
    child.stdout!.on('data', (chunk: Buffer) => { texts.out += chunk.toString(); });
    child.stderr!.on('data', (chunk: Buffer) => { texts.err += chunk.toString(); });
    const [code] = await once(child, 'close') as [number | null];
    return { code, ...texts };
  }

  /** Asks the database. */
  async rows<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    const reader = await openReader(this.database);
    try {
      return await reader.rows<T>(sql, params);
    } finally {
      await reader.close();
    }
  }

  /** Lets the leases of all its nodes run out, as time would. */
  async endLeases(): Promise<void> {
    await this.execute('update node_status set lease_until = 0');
  }

  /** Does something to the database that the program itself would not. */
  async execute(sql: string): Promise<void> {
    const database = await Database.open(this.database);
    await database.write(async (tx) => tx.rows(sql));
    await database.close();
  }

  /** Waits until a question has rows; gives up when the process that should make it so has ended. */
  async until<T>(child: ChildProcess, sql: string, params: readonly unknown[] = []): Promise<T[]> {
    let reader: Awaited<ReturnType<typeof openReader>> | undefined;
    // There may be no database yet, or one without tables; a server may go away, or its name may lead to another.
    const ask = async (): Promise<T[]> => (reader ??= await openReader(this.database)).rows<T>(sql, params);
    const again = async (): Promise<T[]> => {
      await reader?.close().catch(() => undefined);
      reader = undefined;
      return [];
    };
    const begun = performance.now();
    try {
      for (let asked = 1; ; asked += 1) {
        const rows = asked % REOPENED_EVERY === 0 ? await again() : await ask().catch(again);
        if (rows.length > 0) return rows;
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the process ended before: ${sql}`);
        if (performance.now() - begun > PATIENCE_MS) throw new Error(`nothing in ${PATIENCE_MS / 1000} s: ${sql}`);
        // Asking without a pause would take the time of the process that is waited for.
        await rest(POLL_MS);
      }
    } finally {
      await reader?.close();
    }
  }

  /**
   * Everything that must be the same, however often the program was killed: chains, marks, totals, files. Batches and
   * policies go by their order: PostgreSQL does not give the number of one that was taken back again.
   */
  async whole(): Promise<object> {
    return byOrder(await this.idsOf('stage_batch'), await this.idsOf('policy'), {
      chains: await this.rows(`select a.account_number, external_reference, company_name, amount, term, from_date, to_date, is_placeholder, is_missing, batch_id
        from master_record m join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2, 6`),
      rows: await this.rows('select batch_id, row_number, process_status, process_action, error, is_deleted from stage_record order by batch_id, row_number'),
      marks: await this.rows(`select batch_id, account_number, applied_seq is not null as applied, removed_seq is not null as removed, policy_id
        from batch_account b join client_account a on a.id = b.client_account_id order by 1, 2`),
      batches: await this.rows(`select id, filename, batch_status, total_count, success_count, failure_count, repeated_count, add_count, append_count,
        unchanged_count, merge_count, replace_count, zeroed_count, placeholder_inserted_count, placeholder_replaced_count, error from stage_batch order by id`),
      files: (await this.files()).filter((name) => !name.startsWith('data/')).map((name) => name.replace(/(?<=\.processing\/)[^/]+/u, 'claim')),
    });
  }

  private async idsOf(table: string): Promise<number[]> {
    return (await this.rows<{ id: number }>(`select id from ${table} order by id`)).map(({ id }) => id);
  }

  /** Every file below the folder, hidden ones too; those of an archive elsewhere as if it were in it. */
  async files(): Promise<string[]> {
    const found = await filesBelow(this.folder);
    if (this.isArchiveElsewhere) found.push(...(await filesBelow(this.archive)).map((name) => join('archive', name)));
    return found.sort();
  }

  /** Whether a file lies in the inbox, claimed or not. */
  async hasWaiting(): Promise<boolean> {
    return (await filesBelow(this.inbox)).length > 0;
  }

  async close(): Promise<void> {
    for (const child of this.running) child.kill('SIGKILL');
    if (this.onServer !== undefined) await this.engine.remove(this.onServer);
    for (const folder of [this.folder, this.archive]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The same with the place of each batch and policy instead of its number, in texts as well. */
function byOrder(batches: readonly number[], policies: readonly number[], whole: object): object {
  const text = JSON.stringify(whole)
    .replace(/(?<="(?:batch_)?id":|\b(?:batch|approve|reject) )\d+/gu, (id) => `${batches.indexOf(Number(id)) + 1}`)
    .replace(/(?<="policy_id":)\d+/gu, (id) => `${policies.indexOf(Number(id)) + 1}`);
  return JSON.parse(text) as object;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
