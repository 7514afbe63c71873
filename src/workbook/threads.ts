import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { IngestError, fileError, messageOf } from '../errors.js';
import type { Said } from './line.js';
import { Stall } from './stall.js';
import type { Outcome } from './worker.js';

/** How the main thread takes part in a task. */
export interface Part {
  /** Answers the thread's questions, one after another. What it throws ends the task. */
  readonly answer: (question: never) => Promise<unknown>;
  /** A thread that is silent for this long, while no question of its own is being answered, is given up. */
  readonly stallSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

/** Threads for work on workbooks. One that hangs or dies is ended, replaced and costs only its own task. */
export class Threads {
  private pool: Piscina | undefined;
  /** Those whose threads did not start: they end with the tasks that run in them. */
  private readonly ending = new Set<Piscina>();
  /** Why each of them was given up. */
  private readonly troubles = new WeakMap<Piscina, unknown>();
  private isClosed = false;

  constructor(private readonly options: { readonly threads: number; readonly heapMiB: number }) {}

  /**
   * Runs a task of the worker file. Throws IngestError: what the task throws, `worker-lost` where its thread hung or
   * died, `io` where none could be started; also what `answer` throws, and the signal's reason. Nothing of the task is
   * under way any more by then.
   */
  async run<T>(name: 'read' | 'answer', task: object, part: Part): Promise<T> {
    part.signal?.throwIfAborted();
    const pool = this.started();
    const { port1, port2 } = new MessageChannel();
    const conversation = new Conversation(port1, part);
    try {
      const outcome = await pool.run({ ...task, port: port2 }, {
        name, filename: WORKER_FILE, transferList: [port2], signal: conversation.ending.signal,
      }) as Outcome<T>;
      await conversation.answered();
      return valueOf(outcome);
    } catch (error) {
      if (conversation.reason() !== undefined) throw conversation.reason();
      if (conversation.hasBegun) throw lost(error);
      this.giveUp(pool, error);
      throw fileError('no thread could be started for it', this.troubles.get(pool) ?? error);
    } finally {
      await conversation.end();
    }
  }

  /** Ends all tasks and threads. Safe twice. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.pool !== undefined) this.ending.add(this.pool);
    this.pool = undefined;
    await Promise.all([...this.ending].map(async (pool) => pool.destroy()));
  }

  /** Threads start with the first task: most commands have none. */
  private started(): Piscina {
    if (this.isClosed) throw new IngestError('worker-lost', 'the reading threads have been stopped', { retryable: true });
    if (this.pool !== undefined) return this.pool;
    // The worker file is named with each task: a file that fails to load then fails the task instead of the pool. As
    // many threads as may be are kept: piscina gives a lost thread's queue to a new one only below the minimum.
    const pool = new Piscina({
      minThreads: this.options.threads, maxThreads: this.options.threads, atomics: 'disabled', closeTimeout: NEVER_MS,
      resourceLimits: { maxOldGenerationSizeMb: this.options.heapMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    // A thread that dies rejects its task; one that dies without a task is told here, and must not end the program.
    pool.on('error', (error) => this.giveUp(pool, error));
    this.pool = pool;
    return pool;
  }

  /**
   * A pool of which a thread did not start starts no other, and what waits for it would do so for ever; one whose thread
   * could not load its code never will.
   */
  private giveUp(pool: Piscina, error: unknown): void {
    if (this.pool !== pool) return;
    this.pool = undefined;
    this.troubles.set(pool, error);
    this.ending.add(pool);
    void pool.close({ force: true }).then(() => this.ending.delete(pool));
  }
}

/** How long a pool that ends waits for the tasks that run: the longest that there is. */
const NEVER_MS = 2 ** 31 - 1;

/** A third of what is usual: plain rows leave little behind, and what is more is paid for at the peak (10 to 30 MiB). */
const YOUNG_MIB = 16;

/** A thread cannot be a TypeScript file: run from source (by tests), the built one serves. */
const WORKER_FILE = new URL(import.meta.url.endsWith('.ts') ? '../../dist/workbook/worker.js' : './worker.js', import.meta.url).href;

/** The main thread's end of the line: answers, watches for silence, and knows why the task is to end. */
class Conversation {
  readonly ending = new AbortController();
  /** Whether anything was heard of its thread. */
  hasBegun = false;
  private readonly stall: Stall;
  private answering: Promise<void> = Promise.resolve();
  private unanswered = 0;
  private failure: { readonly error: unknown } | undefined;
  private ended: () => void = () => undefined;
  /** The outcome of a task comes by another way, and may overtake what it asked. */
  private readonly heard = new Promise<void>((resolve) => { this.ended = resolve; });
  private readonly onAbort = (): void => this.fail(this.part.signal!.reason);

  constructor(private readonly port: MessagePort, private readonly part: Part) {
    this.stall = new Stall(part.stallSeconds * 1000, () => this.fail(
      new IngestError('worker-lost', `nothing could be read of it for ${part.stallSeconds} s; its thread was ended`, { retryable: true }),
    ));
    part.signal?.addEventListener('abort', this.onAbort);
    port.on('message', (said: Said) => {
      this.hasBegun = true;
      if ('question' in said) {
        this.unanswered += 1;
        this.answering = this.answering.then(async () => this.reply(said.question));
      }
      if ('ended' in said) this.ended();
      this.watch();
    });
  }

  /** Resolves when everything that the task asked is answered. Throws why it had to end. */
  async answered(): Promise<void> {
    await this.heard;
    await this.answering;
    if (this.failure !== undefined) throw this.failure.error;
  }

  /** Why the task had to end, if it was not the task itself. */
  reason(): unknown {
    return this.failure?.error;
  }

  /** Resolves when no answer is under way any more. */
  async end(): Promise<void> {
    this.part.signal?.removeEventListener('abort', this.onAbort);
    this.port.close();
    await this.answering;
    this.stall.stop();
  }

  private async reply(question: unknown): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      this.port.postMessage(await this.part.answer(question as never));
    } catch (error) {
      this.fail(error);
    }
    this.unanswered -= 1;
    this.watch();
  }

  /** A thread that waits for an answer is not to blame for its silence. */
  private watch(): void {
    if (this.unanswered > 0) this.stall.pause();
    else this.stall.alive();
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.ending.abort();
  }
}

function valueOf<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  const error = new IngestError(outcome.code, outcome.message, { retryable: outcome.retryable, facts: outcome.facts });
  if (outcome.stack !== undefined) error.stack = outcome.stack;
  throw error;
}

function lost(error: unknown): unknown {
  if (error instanceof IngestError) return error;
  return new IngestError('worker-lost', `the thread that worked on it was lost (${messageOf(error)})`, { retryable: true, cause: error });
}
