import { forEachBounded } from '../bounded.js';
import type { Store } from '../store/rehearsal.js';

/** A batch of fewer accounts is done soon enough one after another, and leaves the connections to other files. */
const MANY = 16;

/** Does something, in transactions of its own, for each account of a batch: several at once where the database has something of that. */
export async function forEachAccount<T>(store: Store, accounts: readonly T[], visit: (account: T) => Promise<void>): Promise<void> {
  await forEachBounded(accounts, accounts.length < MANY ? 1 : store.writesAtOnce, visit);
}
