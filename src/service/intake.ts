import { randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import { IngestError, messageOf } from '../errors.js';
import { claim } from '../inbox/claim.js';
import { scan, type Seen } from '../inbox/scan.js';
import { Settler } from '../inbox/settle.js';
import type { Context } from '../ingest/context.js';
import { ingestFile, resumeBatch } from '../ingest/ingest.js';
import { printable } from '../ingest/outcome.js';
import { findUnfinished, type Unfinished } from '../ingest/recover.js';
import { findBatch } from '../store/batches.js';
import type { StageBatch } from '../store/entities/stage-batch.js';

/** How long work that failed for a passing reason rests before it is taken up again. */
const REST_MS = 5_000;

/**
 * Takes files in: looks through the inbox, claims what has settled, and sees each file through, a bounded number at
 * once. What was interrupted or put off is taken up by the same look, at the start and ever after.
 */
export class Intake {
  private readonly queue: PQueue;
  private readonly settler: Settler;
  private readonly inFlight = new Set<string>();
  private readonly restingUntil = new Map<string, number>();
  private readonly warned = new Set<string>();
  /** How many files have ended. */
  outcomes = 0;

  constructor(
    private readonly context: Context,
    private readonly onOutcome: (batch: StageBatch) => void = () => undefined,
  ) {
    this.queue = new PQueue({ concurrency: context.settings.concurrency });
    this.settler = new Settler(context.settings.settleMs, context.clock);
  }

  /** One look: takes up what is unfinished, queues what has settled. Returns how many files are still settling. */
  async look(): Promise<number> {
    await this.takeUpUnfinished();
    const { files, others } = await scan(this.context.settings.inbox);
    for (const { name, what } of others) this.warnOnce(name, what);
    const { ready, waiting } = await this.settler.look(files.filter(({ name }) => !this.inFlight.has(name)));
    for (const seen of ready) this.queueFile(seen);
    return waiting;
  }

  /** Takes up one batch that is unfinished, and nothing else. */
  async takeUpBatch(id: number): Promise<void> {
    for (const unfinished of await findUnfinished(this.context, (token) => this.inFlight.has(token))) {
      const token = unfinished.batch?.claim;
      if (unfinished.batch?.id === id && typeof token === 'string') this.enqueue(token, async () => this.takeUp(unfinished, token));
    }
  }

  /** When the next look is worth while, in milliseconds from now; undefined where nothing is settling. */
  nextLookIn(): number | undefined {
    return this.settler.nextLookIn();
  }

  /** How many files are queued or being worked on. */
  get pending(): number {
    return this.queue.size + this.queue.pending;
  }

  /** How many claimed files were put off for a passing reason and wait to be taken up again. */
  get putOff(): number {
    return this.restingUntil.size;
  }

  /** Resolves when nothing is queued or being worked on. */
  async idle(): Promise<void> {
    await this.queue.onIdle();
  }

  /** Takes nothing more from the queue; resolves when what is being worked on has ended. */
  async stop(): Promise<void> {
    this.queue.clear();
    await this.queue.onIdle();
  }

  private async takeUpUnfinished(): Promise<void> {
    const before = new Set(this.inFlight);
    for (const unfinished of await findUnfinished(this.context, (token) => before.has(token) || this.inFlight.has(token))) {
      const token = unfinished.claimed?.token ?? unfinished.batch!.claim!;
      if ((this.restingUntil.get(token) ?? 0) > this.context.clock()) continue;
      this.enqueue(token, async () => this.takeUp(unfinished, token));
    }
  }

  private async takeUp({ claimed, batch: listed }: Unfinished, token: string): Promise<void> {
    // It may have ended between the listing and now.
    const batch = listed === undefined ? undefined : await findBatch(this.context.database.reader, listed.id);
    if (listed !== undefined && batch?.claim !== token) return;
    const name = printable(claimed?.name ?? batch!.filename);
    await this.see(token, name, async () => {
      if (batch !== undefined) {
        this.context.log.info('resume', `batch ${batch.id} resumed  ${name}  it was ${batch.batch_status.toLowerCase()}`, { batch: batch.id });
        return resumeBatch(this.context, batch, claimed);
      }
      return ingestFile(this.context, claimed!);
    });
  }

  private queueFile(seen: Seen): void {
    this.enqueue(seen.name, async () => {
      const token = randomUUID();
      this.inFlight.add(token);
      try {
        const path = await claim(this.context.settings.inbox, seen, token);
        if (path === undefined) return;
        await this.see(token, printable(seen.name), async () => ingestFile(this.context, { token, name: seen.name, path }));
      } finally {
        this.inFlight.delete(token);
      }
    });
  }

  private enqueue(key: string, work: () => Promise<void>): void {
    this.inFlight.add(key);
    this.queue
      .add(async () => (this.context.signal.aborted ? undefined : work()))
      .catch((error: unknown) => this.context.log.error('intake', `${printable(key)}: ${messageOf(error)}`, {}))
      .finally(() => this.inFlight.delete(key));
  }

  /** Sees a claimed file through; what may pass is put off, with a word in the log. */
  private async see(token: string, name: string, work: () => Promise<StageBatch>): Promise<void> {
    try {
      const batch = await work();
      this.restingUntil.delete(token);
      this.outcomes += 1;
      this.onOutcome(batch);
    } catch (error) {
      if (this.context.signal.aborted) return;
      this.restingUntil.set(token, this.context.clock() + REST_MS);
      const { log } = this.context;
      const code = error instanceof IngestError ? error.code : 'internal';
      const stack = code === 'internal' && error instanceof Error ? error.stack : undefined;
      // Waiting does not mend a lost row: a person has to look.
      log[code === 'unbalanced' ? 'error' : 'warn']('put-off', `${name}: ${messageOf(error)}; it stays claimed and is taken up again in ${REST_MS / 1000} s`, { code, stack });
    }
  }

  private warnOnce(name: string, what: string): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    this.context.log.warn('not-a-file', `${printable(name)} is ${what}, not a file: left where it is`, { name });
  }
}
