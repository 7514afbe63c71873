import PQueue from 'p-queue';
import { IngestError } from '../errors.js';
import type { Log } from '../log.js';
import { LOOKS_ITSELF, type Database, type IsKept, type Transaction } from '../store/database.js';
import { beginEpoch, endLease, holdLease, renewLease } from '../store/leases.js';
import { reportStatus, type NodeReport } from '../store/nodes.js';
import type { Store } from '../store/rehearsal.js';
import { Turns } from './turns.js';

/** Fewer than there are connections: however long they wait for each other's accounts, the lease is renewed. */
const WRITES_AT_ONCE = 6;

/** With work in hand of which nothing was written for so long, a node is as good as dead, though it runs. */
const STUCK_MS = 10 * 60_000;

/** Renewals in the time of a lease. */
const RENEWALS = 3;

/**
 * The lease of one node among several on a database. What is written through its `store` is refused with `lost` once
 * another node has taken over: a program that was stopped and wakes up late changes nothing.
 */
export class Lease {
  private readonly timer: NodeJS.Timeout;
  private renewing: Promise<void> = Promise.resolve();
  private isBusy: () => boolean = () => false;
  private onWaiting: (count: number) => void = () => undefined;
  private readonly turns = new Turns((count) => this.onWaiting(count));
  private readonly writes = new PQueue({ concurrency: WRITES_AT_ONCE });
  private lastWork: number;
  private isStuck = false;
  private renewedAt: number;
  private judgesFrom = -Infinity;
  private onLost!: (error: IngestError) => void;
  readonly store: Store;
  /** Resolves, with the reason, where others go on with the node's work. */
  readonly lost = new Promise<IngestError>((resolve) => { this.onLost = resolve; });

  private constructor(
    readonly node: string, private readonly epoch: number, private readonly database: Database, private readonly leaseMs: number,
    private readonly log: Pick<Log, 'error'>, private readonly now: () => number,
  ) {
    this.lastWork = this.renewedAt = now();
    this.store = { reader: database.reader, writesAtOnce: database.writesAtOnce, write: async (...of) => this.write(...of) };
    this.timer = setInterval(() => { this.renewing = this.renewing.then(async () => this.runOnce()).catch(() => undefined); }, leaseMs / RENEWALS);
  }

  /**
   * Begins the node's work on a database, whatever an earlier program of its name has left, and renews the lease from now
   * on. `now` tells the time in milliseconds; it never goes back.
   */
  static async take(
    database: Database, report: NodeReport, leaseSeconds: number, log: Pick<Log, 'error'>, now = (): number => performance.now(),
  ): Promise<Lease> {
    const leaseMs = Math.round(leaseSeconds * 1000);
    const epoch = await database.write(async (tx) => {
      await reportStatus(tx, report);
      return beginEpoch(tx, report.name, leaseMs);
    }, LOOKS_ITSELF);
    return new Lease(report.name, epoch, database, leaseMs, log, now);
  }

  /**
   * Renews from now on only while the node makes progress; `isBusy` says whether it has work in hand. `onWaiting` is told how
   * many writes wait for an account that the node itself is at.
   */
  watch(isBusy: () => boolean, onWaiting: (count: number) => void): void {
    this.isBusy = isBusy;
    this.onWaiting = onWaiting;
  }

  /** Renews the lease. Where the database is away it is tried again at the next turn. */
  async runOnce(): Promise<void> {
    if (!this.isBusy()) this.lastWork = this.now();
    if (this.looksStuck()) return;
    if (await this.database.write(async (tx) => renewLease(tx, this.node, this.epoch, this.leaseMs), LOOKS_ITSELF)) this.noteRenewal();
    else this.lose();
  }

  /**
   * Whether others whose leases have run out are dead. After an outage those of all may have, even a moment after it began:
   * a node that could not renew its own at its turn gives the others the time of a lease to come back as well.
   */
  get canJudge(): boolean {
    return this.isInTime() && this.now() >= this.judgesFrom;
  }

  /** Gives the lease back. Safe to call twice. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.renewing;
    await this.database.write(async (tx) => endLease(tx, this.node, this.epoch), LOOKS_ITSELF).catch(() => undefined);
  }

  private async write<T>(work: (tx: Transaction) => Promise<T>, isKept?: IsKept, accounts: readonly string[] = []): Promise<T> {
    return this.turns.take(accounts, async () => this.writes.add(async () => {
      const result = await this.database.write(async (tx) => {
        if (!(await holdLease(tx, this.node, this.epoch))) throw this.lose();
        return work(tx);
      }, isKept);
      this.lastWork = this.now();
      return result;
    }));
  }

  private noteRenewal(): void {
    if (!this.isInTime()) this.judgesFrom = this.now() + this.leaseMs;
    this.renewedAt = this.now();
  }

  /** Whether no more than one renewal in a row was missed: the lease of nobody who did as well has run out by that. */
  private isInTime(): boolean {
    return this.now() - this.renewedAt < this.leaseMs * (RENEWALS - 1) / RENEWALS;
  }

  private looksStuck(): boolean {
    const wasStuck = this.isStuck;
    this.isStuck = this.now() - this.lastWork > STUCK_MS;
    if (this.isStuck && !wasStuck) {
      this.log.error('stuck', `node ${this.node} has work in hand, but wrote nothing for ${STUCK_MS / 60_000} minutes: its lease is not renewed, `
        + 'so that others can go on with it. Look whether its folders and its disk answer', { node: this.node });
    }
    return this.isStuck;
  }

  private lose(): IngestError {
    clearInterval(this.timer);
    const error = new IngestError('lost', `node ${this.node} was not heard of for ${this.leaseMs / 1000} s or was started a second time, and others go on `
      + 'with its work', { facts: { node: this.node, epoch: this.epoch } });
    this.onLost(error);
    return error;
  }
}
