/**
 * Turns at accounts. Work that locks accounts and comes while other work of the program is at one of them would wait for it
 * in the database, on a connection that others could use: it waits here instead, behind whoever came before.
 */
export class Turns {
  /** By account, the latest that has come. */
  private readonly latest = new Map<string, Promise<unknown>>();
  private waiting = 0;

  /** `onWaiting` is told how many wait, whenever that changes. */
  constructor(private readonly onWaiting: (count: number) => void) {}

  /** Does work when all are done that came before for one of its accounts. */
  async take<T>(accounts: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = accounts.flatMap((account) => this.latest.get(account) ?? []);
    const done = before.length === 0 ? work() : this.wait(before).then(work);
    for (const account of accounts) this.latest.set(account, done);
    try {
      return await done;
    } finally {
      for (const account of accounts) if (this.latest.get(account) === done) this.latest.delete(account);
    }
  }

  private async wait(before: readonly Promise<unknown>[]): Promise<void> {
    this.onWaiting(this.waiting += 1);
    await Promise.allSettled(before);
    this.onWaiting(this.waiting -= 1);
  }
}
