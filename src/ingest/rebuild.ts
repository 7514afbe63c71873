import { findAccount, touchAccount } from '../store/accounts.js';
import { nextChange } from '../store/changes.js';
import type { Database, Transaction } from '../store/database.js';
import { checkAccount } from './check.js';
import { deriveWhole, ruled, type Written } from './derive.js';

/**
 * Brings every chain of an account to what the observations on record derive, in one transaction. Where they are that
 * already, nothing at all is written. Safe to repeat.
 */
export async function rebuildAccount(database: Database, number: string): Promise<Written> {
  return database.write(async (tx) => {
    if (await isSound(tx, number)) return { inserted: 0, updated: 0, removed: 0 };
    const account = (await findAccount(tx, number))!;
    const change = await nextChange(tx);
    const { written } = await deriveWhole(tx, await ruled(tx, account), change.at);
    await touchAccount(tx, account.id, change);
    return written;
  });
}

async function isSound(tx: Transaction, number: string): Promise<boolean> {
  let isSound = true;
  const account = (await findAccount(tx, number))!;
  await checkAccount(tx, account, { maxPeriodDays: null, report: () => { isSound = false; } });
  return isSound;
}
