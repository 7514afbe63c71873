import { namedBehind, type Named } from '../store/named.js';
import type { Queryable } from '../store/queryable.js';

/**
 * Counts what the rows of a batch name while more of them are staged, over the connection that only reads: all of them
 * counted at the end would hold up the file for a twentieth of its time.
 */
export class Naming {
  private readonly named = new Map<string, Named>();
  private last = 0;
  private counting: Promise<void> = Promise.resolve();
  private isQueued = false;

  constructor(private readonly reader: Queryable, private readonly batch: number) {}

  /** Counts the rows that were staged since, and does not wait for it. Where that fails, the next count begins there. */
  goOn(): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.counting = this.counting.then(async () => this.count()).catch(() => undefined);
  }

  /** What all rows name that are staged by now, in their order. */
  async all(): Promise<Named[]> {
    await this.counting;
    await this.count();
    return [...this.named.values()];
  }

  private async count(): Promise<void> {
    this.isQueued = false;
    const { named, last } = await namedBehind(this.reader, this.batch, this.last);
    for (const rows of named) this.add(rows);
    this.last = last;
  }

  private add(rows: Named): void {
    const key = JSON.stringify([rows.account, rows.date]);
    const { total, failed, items } = this.named.get(key) ?? { total: 0, failed: 0, items: 0 };
    this.named.set(key, { ...rows, total: total + rows.total, failed: failed + rows.failed, items: items + rows.items });
  }
}
