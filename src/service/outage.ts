import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';

/** The database being away: told once when it is noticed, whatever fails for it meanwhile, and once when it is over. */
export class Outage {
  private since: number | undefined;

  constructor(private readonly log: Pick<Log, 'warn' | 'info'>, private readonly clock: Clock) {}

  /** Says that something has failed because the database is away. */
  notice(error: unknown): void {
    if (this.since !== undefined) return;
    this.since = this.clock();
    this.log.warn('outage', `${messageOf(error)}; files stay where they are until it is there again`);
  }

  /** Says that the database answers. */
  end(): void {
    if (this.since === undefined) return;
    const seconds = Math.max(0, Math.round((this.clock() - this.since) / 1000));
    this.since = undefined;
    this.log.info('outage', `the database is there again after ${seconds} s: what was under way goes on`, { seconds });
  }
}
