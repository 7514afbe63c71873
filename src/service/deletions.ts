import type { Context } from '../ingest/context.js';
import { deleteBatch } from '../ingest/delete.js';
import { halfDeletedBatches } from '../store/batches.js';

/** A command that is at it takes a batch back from the next account long before. Each look goes through all that is on record. */
const LOOKS_EVERY_MS = 60_000;

/** Deletions that a command makes beside the daemon: one that stands still, for its command was killed, is ended here. */
export class Deletions {
  private lookedAt = -Infinity;
  /** By batch, the accounts that were left at the last look. */
  private left = new Map<number, number>();

  constructor(private readonly context: Pick<Context, 'database' | 'clock' | 'log'>) {}

  /** Once a minute: ends those of which no account was done since the last look. One that somebody is at all the same does no harm. */
  async look(): Promise<void> {
    const { database, clock, log } = this.context;
    const sinceLast = clock() - this.lookedAt;
    // A clock that was set back must not make the minute longer.
    if (sinceLast >= 0 && sinceLast < LOOKS_EVERY_MS) return;
    this.lookedAt = clock();
    const before = this.left;
    const found = await halfDeletedBatches(database.reader);
    this.left = new Map(found.map(({ id, accounts }) => [id, accounts]));
    for (const { id, accounts } of found) {
      if (before.get(id) !== accounts) continue;
      await deleteBatch(database, id);
      log.info('deletion', deletionResumed(id), { batch: id });
    }
  }
}

/** What the log says of a deletion that was interrupted and ended by a daemon. */
export function deletionResumed(batch: number): string {
  return `batch ${batch}: its deletion was interrupted and is done now`;
}
