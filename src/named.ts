/** What the rows of a file name: accounts and dates. Reading counts it on the way, a database counts it anew. */

/** The rows that name the same account and date; null where that could not be read. */
export interface Named {
  readonly account: string | null;
  readonly date: string | null;
  readonly total: number;
  readonly failed: number;
  /** How many of them name an item. */
  readonly items: number;
}

/** What parts of a file name, summed up, in the order in which it is named first. */
export class Names {
  private readonly named = new Map<string, Named>();

  add(parts: readonly Named[]): void {
    for (const part of parts) {
      const key = JSON.stringify([part.account, part.date]);
      const { total, failed, items } = this.named.get(key) ?? NONE;
      this.named.set(key, { ...part, total: total + part.total, failed: failed + part.failed, items: items + part.items });
    }
  }

  all(): Named[] {
    return [...this.named.values()];
  }
}

const NONE = { total: 0, failed: 0, items: 0 };
