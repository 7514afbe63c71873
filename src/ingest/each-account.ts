import { forEachBounded } from '../bounded.js';
import type { Store } from '../store/rehearsal.js';

/** A batch of fewer accounts is done soon enough one after another, and leaves the connections to other files. */
const MANY = 16;

/** An account of a batch with how many rows that has there. */
interface Sized {
  readonly rows: number;
}

/** Does something, in a transaction for each account of a batch: several at once where the database gains by it. */
export async function forEachAccount<T extends Sized>(store: Store, accounts: readonly T[], visit: (account: T) => Promise<void>): Promise<void> {
  const atOnce = accounts.length < MANY ? 1 : store.writesAtOnce;
  for (const portion of portionsOf(accounts, store.rowsAtOnce ?? Number.POSITIVE_INFINITY)) await forEachBounded(portion, atOnce, visit);
}

/** Accounts next to each other that have up to so many rows together; one that has more is a portion by itself. */
function* portionsOf<T extends Sized>(accounts: readonly T[], most: number): Generator<T[]> {
  let portion: T[] = [];
  let rows = 0;
  for (const account of accounts) {
    if (portion.length > 0 && rows + account.rows > most) {
      yield portion;
      portion = [];
      rows = 0;
    }
    portion.push(account);
    rows += account.rows;
  }
  yield portion;
}
