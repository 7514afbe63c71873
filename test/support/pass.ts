import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Settings } from '../../src/config/settings.js';
import type { Log } from '../../src/log.js';
import { Daemon } from '../../src/service/daemon.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { openReader } from '../../src/store/database.js';
import { SQLITE, type Engine } from './engines.js';
import { defaults } from './world.js';

/** A log that keeps its lines. */
export function rememberingLog(lines: string[]): Log {
  const at = (_event: string, message: string): void => { lines.push(message); };
  return { error: at, warn: at, info: at, debug: at, close: async () => undefined };
}

/** What a test has for a disk that fails where none should. */
export function unexpected(error: unknown): never {
  throw error;
}

/** The daemon in this process, one pass at a time, on real folders and a real database. */
export class Pass {
  readonly lines: string[] = [];
  private readonly outcomes: StageBatch[] = [];

  private constructor(private readonly engine: Engine, readonly folder: string, readonly settings: Settings, private readonly daemonOpened: (pass: Pass) => Promise<Daemon>) {}

  private daemon: Promise<Daemon> | undefined;

  static async create(changes: Partial<Settings> = {}, engine: Engine = SQLITE): Promise<Pass> {
    const folder = await mkdtemp(join(tmpdir(), 'scd-pass-'));
    const settings = {
      ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), database: await engine.create(),
      settleMs: 1, ...changes,
    };
    return new Pass(engine, folder, settings, async (pass) => Daemon.open(settings, rememberingLog(pass.lines), { onFatal: unexpected, onOutcome: (batch) => pass.outcomes.push(batch) }));
  }

  /** Takes in what there is. */
  async look(): Promise<void> {
    await (await this.opened()).runOnce();
  }

  /** Drops a file and takes it in. Returns its batch. */
  async take(name: string, bytes: Buffer | string): Promise<StageBatch> {
    await this.opened();
    await writeFile(join(this.settings.inbox, name), bytes);
    await this.look();
    return this.outcomes[this.outcomes.length - 1]!;
  }

  /** Moves files into the inbox and takes them in by their names; with a concurrency of 1 one after another. */
  async takeAll(paths: readonly string[]): Promise<void> {
    const daemon = await this.opened();
    for (const path of paths) await rename(path, join(this.settings.inbox, basename(path)));
    await daemon.runOnce();
  }

  private async opened(): Promise<Daemon> {
    return this.daemon ??= this.daemonOpened(this);
  }

  async rows<T>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    const reader = await openReader(this.settings.database);
    try {
      return await reader.rows<T>(sql, params);
    } finally {
      await reader.close();
    }
  }

  /** Every file of the archive. */
  async archived(): Promise<string[]> {
    const entries = await readdir(this.settings.archive, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => relative(this.settings.archive, join(entry.parentPath, entry.name))).sort();
  }

  async readArchived(name: string): Promise<Buffer> {
    return readFile(join(this.settings.archive, name));
  }

  async close(): Promise<void> {
    await (await this.daemon)?.close();
    await this.engine.remove(this.settings.database);
    await rm(this.folder, { recursive: true, force: true });
  }
}
