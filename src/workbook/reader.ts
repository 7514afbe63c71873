import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ReadSettings } from '../config/settings.js';
import { IngestError, messageOf } from '../errors.js';
import type { AnswerRow } from './answer.js';
import type { ReadSummary } from './read.js';
import type { RowChunk } from './rows.js';
import type { Outcome, ReadTask } from './worker.js';

export type { ReadSummary } from './read.js';
export type { RowChunk } from './rows.js';

/** Reads workbooks in threads of their own; a thread that hangs or dies is ended and costs only its own file. */
export class WorkbookReader {
  private readonly pool: Piscina;

  constructor(options: { readonly threads: number; readonly heapMiB: number }) {
    this.pool = new Piscina({
      filename: workerFile(), minThreads: 1, maxThreads: options.threads, idleTimeout: 30_000,
      resourceLimits: { maxOldGenerationSizeMb: options.heapMiB },
    });
    // A thread that runs out of memory rejects its task; the event beside that must not end the program.
    this.pool.on('error', () => undefined);
  }

  /**
   * Reads a file, handing over its rows in chunks, one after another. Throws IngestError: of the file where it is
   * refused, `worker-lost` where the thread hung or died, and whatever `onChunk` throws.
   */
  async read(
    path: string, settings: ReadSettings, onChunk: (chunk: RowChunk) => Promise<void>, signal?: AbortSignal,
  ): Promise<ReadSummary> {
    const { port1, port2 } = new MessageChannel();
    const ending = new AbortController();
    const watch = new Stall(settings.stallSeconds * 1000, () => ending.abort());
    let writing: Promise<void> = Promise.resolve();
    let failure: unknown;
    port1.on('message', (chunk: RowChunk) => {
      writing = writing.then(async () => {
        watch.pause();
        if (failure === undefined) await onChunk(chunk);
        watch.resume();
        port1.postMessage('more');
      }).catch((error: unknown) => {
        failure ??= error;
        ending.abort();
      });
    });
    // The port closes behind the last chunk: nothing is under way once it has.
    const closed = new Promise((resolve) => port1.once('close', resolve));
    const task: ReadTask = { path, settings: plain(settings), port: port2 };
    try {
      const outcome = await this.pool.run(task, {
        name: 'read', transferList: [port2], signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
      }) as Outcome<ReadSummary>;
      await closed;
      await writing;
      if (failure !== undefined) throw failure;
      return unwrap(outcome);
    } catch (error) {
      await writing;
      throw failure ?? lost(error, watch.hasFired, settings.stallSeconds);
    } finally {
      watch.stop();
      port1.close();
    }
  }

  /** Writes an answer workbook. */
  async writeAnswer(path: string, rows: readonly AnswerRow[]): Promise<void> {
    unwrap(await this.pool.run({ path, rows }, { name: 'answer' }) as Outcome<void>);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

/** Fires when nothing has moved for a while. */
class Stall {
  hasFired = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ms: number, private readonly onStall: () => void) {
    this.resume();
  }

  /** While the rows are being written the reader is not to blame. */
  pause(): void {
    clearTimeout(this.timer);
  }

  resume(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.hasFired = true;
      this.onStall();
    }, this.ms);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

function unwrap<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const error = new IngestError(outcome.code, outcome.message, { retryable: outcome.retryable });
  if (outcome.stack !== undefined) error.stack = outcome.stack;
  throw error;
}

function lost(error: unknown, isStalled: boolean, stallSeconds: number): unknown {
  if (error instanceof IngestError) return error;
  const what = isStalled ? `nothing could be read of it for ${stallSeconds} s` : `the thread that read it was lost (${messageOf(error)})`;
  return new IngestError('worker-lost', what, { retryable: true, cause: error });
}

/** Only what reading needs travels: settings may hold more. */
function plain({ sheet, headings, terms, dates, numbers, limits, stallSeconds }: ReadSettings): ReadSettings {
  return { sheet, headings, terms, dates, numbers, limits, stallSeconds };
}

/** A thread cannot be a TypeScript file: run from source (by tests), the built one serves. */
function workerFile(): string {
  const here = import.meta.url;
  return new URL(here.endsWith('.ts') ? '../../dist/workbook/worker.js' : './worker.js', here).href;
}
