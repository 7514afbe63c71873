import { watch, type FSWatcher } from 'chokidar';
import { basename } from 'node:path';

/** Hints that something in the inbox may have changed. The scan is the truth: a watcher that fails costs only time. */
export class Watcher {
  private watcher: FSWatcher | undefined;

  constructor(
    private readonly inbox: string,
    private readonly onHint: () => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.watcher ??= watch(this.inbox, { depth: 0, ignoreInitial: true, ignored: (path) => basename(path).startsWith('.') && path !== this.inbox })
      .on('all', () => this.onHint())
      .on('error', (error) => this.onError(error));
  }

  async stop(): Promise<void> {
    await this.watcher?.close();
    this.watcher = undefined;
  }
}
