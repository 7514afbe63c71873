import { LOOKS_ITSELF } from './database.js';
import type { Store } from './rehearsal.js';

/** From so many rows on it pays to count them before they are worked on. */
const MANY_ROWS = 10_000;

/**
 * Has PostgreSQL count what a large batch has just brought: its own counting comes a minute later, and until then it
 * goes about thousands of rows as if there were one. SQLite's plans are held by its indexes alone (test/store/plans).
 */
export async function countAfresh(store: Store, rows: number): Promise<void> {
  if (store.reader.dialect.engine === 'sqlite' || rows < MANY_ROWS) return;
  await store.write(async (tx) => tx.rows('analyze stage_record, master_record, batch_date, client_account'), LOOKS_ITSELF);
}
