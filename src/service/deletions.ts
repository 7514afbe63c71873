import type { Context } from '../ingest/context.js';
import { deleteBatch } from '../ingest/delete.js';
import { halfDeletedBatches } from '../store/batches.js';

/** A command that is at it takes a batch back from the next account long before. */
const STANDSTILL_MS = 60_000;

interface Seen {
  readonly accounts: number;
  readonly since: number;
}

/** Deletions that a command makes beside the daemon: one that stands still, for its command was killed, is ended here. */
export class Deletions {
  private underWay = new Map<number, Seen>();

  constructor(private readonly context: Pick<Context, 'database' | 'clock' | 'log'>) {}

  /** Ends those that no account was done of for a minute of looks. One that somebody is at all the same does no harm. */
  async look(): Promise<void> {
    const { database, clock, log } = this.context;
    const now = clock();
    const seen = (await halfDeletedBatches(database.reader)).map(({ id, accounts }): [number, Seen] => {
      const before = this.underWay.get(id);
      return [id, before?.accounts === accounts ? before : { accounts, since: now }];
    });
    this.underWay = new Map(seen);
    for (const [batch, { since }] of seen) {
      if (now - since < STANDSTILL_MS) continue;
      await deleteBatch(database, batch);
      log.info('deletion', deletionResumed(batch), { batch });
    }
  }
}

/** What the log says of a deletion that was interrupted and ended by a daemon. */
export function deletionResumed(batch: number): string {
  return `batch ${batch}: its deletion was interrupted and is done now`;
}
