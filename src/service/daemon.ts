import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { systemClock, type Clock } from '../clock.js';
import type { Settings } from '../config/settings.js';
import { counted } from '../counted.js';
import { hasCode, messageOf, type IngestError } from '../errors.js';
import { Watcher } from '../inbox/watch.js';
import { adoptPolicy } from '../ingest/adopt-policy.js';
import type { Context } from '../ingest/context.js';
import { Lane } from '../ingest/lane.js';
import { resumeDeletions } from '../ingest/delete.js';
import { sayHeld } from '../ingest/finish.js';
import type { Log } from '../log.js';
import { LOOKS_ITSELF, isOutage } from '../store/database.js';
import { heldBatches } from '../store/batches.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { reportStatus } from '../store/nodes.js';
import { WorkbookReader } from '../workbook/reader.js';
import { Deletions, deletionResumed } from './deletions.js';
import { hold, letGo, reportOf, type Held } from './held.js';
import { Intake } from './intake.js';
import { Outage } from './outage.js';

/** What a run is told beside its settings. */
interface DaemonOptions {
  readonly clock?: Clock;
  readonly onOutcome?: (batch: StageBatch) => void;
  readonly onRows?: (filename: string, rows: number) => void;
  /** Told of a disk that fails: the program must end at once, for what it believes to be written may not be. */
  readonly onFatal: (error: unknown) => void;
}

/** With so many files queued the inbox is not watched. */
const BUSY = 32;

/** How many times as long as a look took hints wait after it. */
const REST_AFTER_LOOK = 5;

/** The daemon: it holds the right to take files in for its database, or as its node, from `open` to `close`. */
export class Daemon {
  private timer: NodeJS.Timeout | undefined;
  private isHinted = false;
  private restsUntil = 0;
  private looking: Promise<void> = Promise.resolve();
  private trouble: string | undefined;
  private readonly outage: Outage;
  private readonly watcher: Watcher;
  private readonly deletions: Deletions;
  readonly intake: Intake;
  /** Resolves, with the reason, where other nodes go on with this one's work: it stops, and has to be opened anew. */
  readonly lost: Promise<IngestError>;

  private constructor(
    private readonly context: Context,
    private readonly held: Held,
    private readonly startedAt: number,
    private readonly stopping: AbortController,
    private readonly onFatal: (error: unknown) => void,
    onOutcome?: (batch: StageBatch) => void,
  ) {
    const { settings, log, clock } = context;
    const { lease } = held;
    this.lost = lease?.lost ?? new Promise(() => undefined);
    void this.lost.then(() => this.stop());
    this.outage = new Outage(log, clock);
    this.intake = new Intake(context, this.outage, { onFatal, onOutcome });
    this.deletions = new Deletions(context);
    this.watcher = new Watcher(resolve(settings.inbox), () => this.hear(),
      (error) => log.warn('watch', `${messageOf(error)}; it is looked through every ${settings.scanSeconds} s`));
    lease?.watch(() => this.intake.pending > 0, (waiting) => this.intake.makeRoom(waiting));
  }

  /** Takes the lock and the lease, probes the folders, opens the database and brings the chains to the policy of the settings. */
  static async open(settings: Settings, log: Log, options: DaemonOptions): Promise<Daemon> {
    const clock = options.clock ?? systemClock;
    const startedAt = clock();
    const held = await hold(settings, log, clock);
    try {
      const { lease, database } = held;
      const store = lease?.store ?? database;
      const { policy, isChanged, accounts } = await adoptPolicy(store, settings, lease?.node);
      if (isChanged || accounts > 0) log.info('policy', `the policy has changed: the chains of ${counted(accounts, 'account')} were derived anew`, { accounts });
      for (const batch of await resumeDeletions(store)) log.info('deletion', deletionResumed(batch), { batch });
      const stopping = new AbortController();
      // Each file that is read listens to it, and there are many at once.
      setMaxListeners(0, stopping.signal);
      const context: Context = {
        settings, log, clock, database: store, policy, node: lease?.node, canJudge: () => lease?.canJudge ?? true, signal: stopping.signal, lane: new Lane(lease !== undefined), pardoned: new Set(),
        reader: new WorkbookReader({ threads: settings.concurrency, heapMiB: settings.limits.workerHeapMiB }),
        ...(options.onRows === undefined ? {} : { onRows: options.onRows }),
      };
      for (const batch of await heldBatches(database.reader, lease?.node)) await sayHeld(context, batch);
      return new Daemon(context, held, startedAt, stopping, options.onFatal, options.onOutcome);
    } catch (error) {
      await letGo(held);
      throw error;
    }
  }

  /** Its name among several nodes; undefined where there is only one. */
  get node(): string | undefined {
    return this.context.node;
  }

  /** Looks through the inbox now and from then on. */
  start(): void {
    this.schedule(0);
  }

  /** One pass: everything unfinished and everything that lies in the inbox, to its end. */
  async runOnce(): Promise<void> {
    while (!this.isStopping) {
      const settling = await this.intake.look();
      await this.intake.idle();
      if (this.isStopping || settling === 0) return;
      await new Promise((wake) => setTimeout(wake, this.intake.nextLookIn() ?? 0));
    }
  }

  /** Sees one batch through that is not done. */
  async runBatch(id: number): Promise<void> {
    await this.intake.takeUpBatch(id);
    await this.intake.idle();
  }

  /** How many batches are held back and wait for somebody's decision. */
  async countHeld(): Promise<number> {
    return (await heldBatches(this.context.database.reader)).length;
  }

  /** Whether it takes nothing more in. */
  get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Takes nothing more in. What changes the history ends; `close` waits for it. */
  stop(): void {
    this.stopping.abort();
  }

  /** Stops, and frees everything when what was under way has ended. Safe to call twice. */
  async close(): Promise<void> {
    this.stop();
    clearTimeout(this.timer);
    // A look that is under way ends in a watch.
    await this.looking;
    await this.watcher.stop();
    await this.intake.stop();
    await this.context.reader.close();
    await letGo(this.held);
  }

  private schedule(inMs: number): void {
    if (this.isStopping) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.looking = this.looking.then(async () => this.look()); }, inMs);
  }

  private hear(): void {
    this.isHinted = true;
    this.schedule(this.untilNextLook());
  }

  /** In milliseconds. Hints rest for a while behind a look: thousands of files at once are no reason for thousands of looks. */
  private untilNextLook(): number {
    const hinted = this.isHinted ? Math.max(0, this.restsUntil - performance.now()) : Number.POSITIVE_INFINITY;
    return Math.min(hinted, this.intake.nextLookIn() ?? Number.POSITIVE_INFINITY, this.context.settings.scanSeconds * 1000);
  }

  private async look(): Promise<void> {
    if (this.isStopping) return;
    const begun = performance.now();
    this.isHinted = false;
    try {
      await this.intake.look();
      this.restsUntil = performance.now() + REST_AFTER_LOOK * (performance.now() - begun);
      this.watchIfCalm();
      await this.deletions.look();
      await this.report();
      this.outage.end();
      this.noteTrouble(undefined);
    } catch (error) {
      if (hasCode(error, 'disk')) this.onFatal(error);
      if (this.isStopping) return;
      if (isOutage(error)) this.outage.notice(error);
      else this.noteTrouble(messageOf(error));
    }
    this.schedule(this.untilNextLook());
  }

  /**
   * A watch that was lost, with its folder or for want of a system resource, is taken up again. While many files are
   * queued there is none: for each name that comes or goes it looks through the whole inbox, and each claim is one.
   */
  private watchIfCalm(): void {
    if (this.isStopping) return;
    if (this.intake.queued < BUSY) return this.watcher.start();
    void this.watcher.stop();
    void this.intake.whenFewerQueued(BUSY).then(() => this.hear());
  }

  /** Trouble that lasts is told once, and when it is over. */
  private noteTrouble(trouble: string | undefined): void {
    const { log, settings } = this.context;
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    if (trouble === undefined) log.info('look', 'the inbox is looked through again');
    else log.warn('look', `${trouble}; tried again every ${settings.scanSeconds} s`);
  }

  private async report(): Promise<void> {
    const { pending, outcomes } = this.intake;
    const report = { ...reportOf(this.context.settings, this.startedAt), isIdle: pending === 0, outcomes };
    await this.held.database.write(async (tx) => reportStatus(tx, report), LOOKS_ITSELF);
  }
}
