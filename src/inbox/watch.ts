import { basename, join, resolve } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { fileError, systemCode, type IngestError } from '../errors.js';
import { lookAt } from './files.js';
import { isIgnored } from './scan.js';

/**
 * Hints that something new lies in the inbox. The scan is the truth: a watcher that fails costs only time, and it
 * never throws.
 *
 * Only the folder is watched, by chokidar's raw events. Its others need a watch for every file, and the system has
 * few; and they tell of what goes, which we ourselves cause with each claim.
 */
export class Watcher {
  private readonly folder: string;
  private watcher: FSWatcher | undefined;
  private reported: string | undefined;

  constructor(
    inbox: string,
    private readonly onHint: () => void,
    private readonly onError: (error: IngestError) => void,
  ) {
    this.folder = resolve(inbox);
  }

  /**
   * Begins to watch; safe twice. Called after every scan, it takes up a watch again that was lost. Once it watches it
   * hints: what came between the scan and the watch was seen by neither.
   */
  start(): void {
    if (this.watcher !== undefined) return;
    const watcher = watch(this.folder, { depth: 0, ignoreInitial: true, atomic: false, ignored: (path) => resolve(path) !== this.folder });
    this.watcher = watcher;
    // Where a watch fails again and again, its beginning is no news.
    watcher.on('ready', () => { if (this.watcher === watcher && this.reported === undefined) this.onHint(); });
    watcher.on('raw', (event, path) => void this.weigh(watcher, event, path));
    watcher.on('error', (error) => this.lose(watcher, error));
  }

  /** Ends the watch; safe twice. No hint comes after it. */
  async stop(): Promise<void> {
    const watcher = this.watcher;
    this.watcher = undefined;
    await watcher?.close();
  }

  /** `rename` is the system's word for: a name has come or gone. Growing files are looked at by the settling anyhow. */
  private async weigh(watcher: FSWatcher, event: string, name: string | null): Promise<void> {
    if (event !== 'rename' || name === null || isIgnored(name)) return;
    const isThere = (await lookAt(join(this.folder, name)).catch(() => undefined)) !== undefined;
    if (this.watcher !== watcher) return;
    if (isThere) this.hint();
    // The folder's own name, and no file of that name in it: the folder itself has gone, and chokidar goes silent.
    else if (name === basename(this.folder)) this.lose(watcher, new Error('the folder was deleted or moved'));
  }

  private hint(): void {
    this.reported = undefined;
    this.onHint();
  }

  /** A fault that lasts is told once. */
  private lose(watcher: FSWatcher, error: unknown): void {
    if (this.watcher !== watcher) return;
    this.watcher = undefined;
    watcher.close().catch(() => undefined);
    const lost = fileError(`inbox ${this.folder} is not watched, new files are found by the periodic scan only`, reasonOf(error));
    if (lost.message === this.reported) return;
    this.reported = lost.message;
    this.onError(lost);
  }
}

function reasonOf(error: unknown): unknown {
  const reason = EXHAUSTED[systemCode(error) ?? ''];
  return reason === undefined ? error : new Error(reason, { cause: error });
}

/** These do not mean the disk, and mostly not the program's files, where a watch is asked for. */
const EXHAUSTED: Readonly<Record<string, string>> = {
  ENOSPC: 'the system has no watches left (raise fs.inotify.max_user_watches)',
  EMFILE: 'the system has no watchers left (raise fs.inotify.max_user_instances), or the program no file handles',
};
