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

  constructor(private readonly reader: Queryable, private readonly batch: number) {}

  /** Counts the rows that were staged since, and does not wait for it. What goes wrong `all` throws. */
  goOn(): void {
    this.counting = this.counting.then(async () => this.count());
    this.counting.catch(() => undefined);
  }

  /** What all rows name that are staged by now, in their order. */
  async all(): Promise<Named[]> {
    this.goOn();
    await this.counting;
    return [...this.named.values()];
  }

  private async count(): Promise<void> {
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
