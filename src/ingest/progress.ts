import { counted } from '../counted.js';
import { printable } from '../errors.js';
import { accountsDone } from '../store/accounts.js';
import { findBatch } from '../store/batches.js';
import type { Context } from './context.js';

/** How often a file that takes long is told of. */
const EVERY_MS = 10_000;

/** Tells how far a file has come, every ten seconds for as long as work on it goes on. */
export class Progress {
  private rows = 0;
  private readonly begun = performance.now();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly context: Context, private readonly batch: number, everyMs = EVERY_MS) {
    this.timer = setInterval(() => void this.tell().catch(() => undefined), everyMs);
    // It must not keep the program from ending.
    this.timer.unref();
  }

  /** The context of work on this file: the rows that it stages are counted. */
  get counting(): Context {
    const { onRows } = this.context;
    return { ...this.context, onRows: (filename, rows) => { this.rows += rows; onRows?.(filename, rows); } };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async tell(): Promise<void> {
    const { database: { reader }, log } = this.context;
    const batch = await findBatch(reader, this.batch);
    if (batch === undefined) return;
    const isRead = batch.batch_status !== 'In Progress';
    const { done, all } = isRead ? await accountsDone(reader, batch.id) : { done: 0, all: 0 };
    const rate = Math.round(this.rows / ((performance.now() - this.begun) / 1000));
    const what = isRead ? `applying: ${done} of ${counted(all, 'account')}` : `reading: ${counted(this.rows, 'row')}, ${rate} rows/s`;
    log.info('progress', `batch ${batch.id}  ${printable(batch.filename)}  ${what}`, { batch: batch.id, rows: this.rows, accounts: done });
  }
}
