import { randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import { IngestError, hasCode, messageOf, passUnlessDisk, printable } from '../errors.js';
import { mayPass } from '../ingest/attempts.js';
import { claim } from '../inbox/claim.js';
import { scan, type Seen } from '../inbox/scan.js';
import { Settler } from '../inbox/settle.js';
import type { Context } from '../ingest/context.js';
import { ingestFile, resumeBatch } from '../ingest/ingest.js';
import { findUnfinished, type Unfinished } from '../ingest/recover.js';
import { takeOver } from '../ingest/take-over.js';
import { findBatch, noteTrouble } from '../store/batches.js';
import { isOutage } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { Outage } from './outage.js';
import { Rests } from './rests.js';

const STANDS_STILL = 'it stands still until the next start. If that does not help either, and scd-inbox batches shows its batch as Ready or '
  + 'Complete, scd-inbox delete --batch NUMBER takes it back: its file can then be dropped again. Where it is In Progress, or has no batch '
  + 'yet, nothing of it is on record: take the file out of .processing in the inbox';

/** How many files are claimed, hashed, decided or archived for each but one that may be read: mostly they wait for the disk. */
const UNDER_WAY = 7;

/** So many files at most that wait for their account, each with its rows staged, do not count as worked on. */
const WAITING = 64;

/** One at a time stays one at a time. */
function inFlightAtOnce(reading: number): number {
  return 1 + UNDER_WAY * (reading - 1);
}

/** What the daemon around it hears of. */
interface IntakeHooks {
  /** A disk fails: nothing that is under way may say that it is done. */
  readonly onFatal: (error: unknown) => void;
  readonly onOutcome?: ((batch: StageBatch) => void) | undefined;
}

/**
 * Takes files in: looks through the inbox, claims what has settled, and sees each file through, a bounded number at
 * once. What was interrupted or put off is taken up by the same look, at the start and ever after.
 */
export class Intake {
  private readonly queue: PQueue;
  private readonly settler: Settler;
  private readonly inFlight = new Set<string>();
  private readonly rests: Rests;
  private readonly warned = new Set<string>();
  /** How many files have ended. */
  outcomes = 0;

  constructor(
    private readonly context: Context,
    private readonly outage: Outage,
    private readonly hooks: IntakeHooks,
  ) {
    this.rests = new Rests(context.clock, context.settings.maxAttempts);
    this.queue = new PQueue({ concurrency: inFlightAtOnce(context.settings.concurrency) });
    this.settler = new Settler(context.settings.settleMs, context.clock);
  }

  /** One look: takes up what is unfinished, queues what has settled. Returns how many files are still settling. */
  async look(): Promise<number> {
    const tokens = await this.takeUpUnfinished();
    // What is in flight now is looked at the next time, even if it ends meanwhile.
    const inFlight = new Set(this.inFlight);
    const { files, others, recreated } = await scan(this.context.settings.inbox, (name) => inFlight.has(name));
    this.rests.keepOnly(new Set([...tokens, ...files.map(({ name }) => name), ...inFlight]));
    if (recreated) this.context.log.warn('inbox-made', `inbox ${this.context.settings.inbox} was missing and was made again; where it was a mount that went away, mount it again`);
    for (const { name, what } of others) this.warnOnce(name, what);
    const { ready, waiting } = await this.settler.look(files.filter(({ name }) => !this.rests.isResting(name)));
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

  /** Lets as many others go on as wait for an account. */
  makeRoom(waiting: number): void {
    this.queue.concurrency = inFlightAtOnce(this.context.settings.concurrency) + Math.min(waiting, WAITING);
  }

  /** How many files are queued. */
  get queued(): number {
    return this.queue.size;
  }

  /** Resolves when fewer than `limit` files are queued. */
  async whenFewerQueued(limit: number): Promise<void> {
    await this.queue.onSizeLessThan(limit);
  }

  /** How many files are queued or being worked on. */
  get pending(): number {
    return this.queue.size + this.queue.pending;
  }

  /** How many files were put off and wait to be taken up again. */
  get putOff(): number {
    return this.rests.size;
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

  /** Queues what is unfinished and does not rest. Returns the claims of all that is. */
  private async takeUpUnfinished(): Promise<string[]> {
    const tokens: string[] = [];
    const before = new Set(this.inFlight);
    for (const unfinished of await findUnfinished(this.context, (token) => before.has(token) || this.inFlight.has(token), await this.seize())) {
      const token = unfinished.claimed?.token ?? unfinished.batch!.claim!;
      tokens.push(token);
      if (this.rests.isResting(token, unfinished.batch?.batch_status)) continue;
      this.enqueue(token, async () => this.takeUp(unfinished, token));
    }
    return tokens;
  }

  /** Takes over from nodes that are dead. Returns their names. */
  private async seize(): Promise<ReadonlySet<string>> {
    const { node, canJudge } = this.context;
    return node === undefined || canJudge?.() === false ? new Set() : takeOver({ ...this.context, node });
  }

  private async takeUp({ claimed, batch: listed, isAway }: Unfinished, token: string): Promise<void> {
    // It may have ended between the listing and now.
    const batch = listed === undefined ? undefined : await findBatch(this.context.database.reader, listed.id);
    if (listed !== undefined && batch?.claim !== token) return;
    const name = printable(claimed?.name ?? batch!.filename);
    await this.see(token, name, async () => {
      if (batch !== undefined) {
        const away = isAway ? `; its file waits for ${batch.owner === null ? 'a node that reaches it' : `node ${batch.owner}`}` : '';
        this.context.log.info('resume', `batch ${batch.id} resumed  ${name}  it was ${batch.batch_status.toLowerCase()}${away}`, { batch: batch.id });
        return resumeBatch(this.context, batch, claimed, isAway);
      }
      return ingestFile(this.context, claimed!);
    });
  }

  private queueFile(seen: Seen): void {
    this.enqueue(seen.name, async () => {
      const token = randomUUID();
      this.inFlight.add(token);
      try {
        const path = await this.claim(seen, token);
        if (path === undefined) return;
        await this.see(token, printable(seen.name), async () => ingestFile(this.context, { token, name: seen.name, path }));
      } finally {
        this.inFlight.delete(token);
      }
    });
  }

  private async claim(seen: Seen, token: string): Promise<string | undefined> {
    let path: string | undefined;
    await this.see(seen.name, printable(seen.name), async () => {
      path = await claim(this.context.settings.inbox, seen, token, this.context.node);
      return undefined;
    });
    return path;
  }

  private enqueue(key: string, work: () => Promise<void>): void {
    this.inFlight.add(key);
    this.queue
      .add(async () => (this.context.signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        if (hasCode(error, 'disk')) this.hooks.onFatal(error);
        else this.context.log.error('intake', `${printable(key)}: ${messageOf(error)}`, {});
      })
      .finally(() => this.inFlight.delete(key));
  }

  /** Sees a file through; one that fails is put off, and never stops another. Throws `disk`. */
  private async see(key: string, name: string, work: () => Promise<StageBatch | undefined>): Promise<void> {
    try {
      const batch = await work();
      this.rests.end(key);
      if (batch === undefined) return;
      this.outcomes += 1;
      this.hooks.onOutcome?.(batch);
    } catch (error) {
      passUnlessDisk(error);
      if (!this.context.signal.aborted) await this.letRest(key, name, error);
    }
  }

  private async letRest(key: string, name: string, error: unknown): Promise<void> {
    const { log, database } = this.context;
    const code = error instanceof IngestError ? error.code : 'internal';
    if (isOutage(error)) {
      // That is no news of the file: the first look that finds the database again takes it up.
      this.rests.pause(key);
      return this.outage.notice(error);
    }
    const restMs = this.rests.begin(key, mayPass(error), code === 'stands-still');
    const fields = { code, stack: code === 'internal' && error instanceof Error ? error.stack : undefined };
    if (restMs === Infinity) log.error('stands-still', `${name}: ${messageOf(error)}; ${STANDS_STILL}`, fields);
    else log[mayPass(error) ? 'warn' : 'error']('put-off', `${name}: ${messageOf(error)}; it stays where it is and is tried again in ${restMs / 1000} s`, fields);
    // Where the database itself is in trouble the log alone says why.
    await database.write(async (tx) => noteTrouble(tx, key, messageOf(error))).catch(passUnlessDisk);
  }

  private warnOnce(name: string, what: string): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    this.context.log.warn('not-a-file', `${printable(name)} is ${what}, not a file: left where it is`, { name });
  }
}
