import { instant } from '../clock.js';
import { IngestError, printable } from '../errors.js';
import { findAccount, lockAccount, touchAccount, type Account } from '../store/accounts.js';
import { nextChange } from '../store/changes.js';
import type { Database, Transaction } from '../store/database.js';
import { batchesOnRecord, notApplied, wrongDates } from '../store/health.js';
import { countRows } from '../store/records.js';
import { isRowLost } from './balance.js';
import { checkAccount } from './check.js';
import { withPolicy } from './account-change.js';
import { deriveWhole, type Written } from './derive.js';

/**
 * Brings every chain of an account to what the observations on record derive, in one transaction. Where they are that
 * already, nothing at all is written. Safe to repeat. Refuses with `unbalanced` where rows of the account are lost: the
 * chains may be all that is left of them.
 */
export async function rebuildAccount(database: Pick<Database, 'write'>, number: string): Promise<Written> {
  return database.write(async (tx) => {
    const found = await findAccount(tx, number);
    if (found === undefined) return { inserted: 0, updated: 0, removed: 0 };
    const account = await lockAccount(tx, found.id);
    if (await isSound(tx, account)) return { inserted: 0, updated: 0, removed: 0 };
    await refuseLoss(tx, account);
    const { written } = await deriveWhole(tx, await withPolicy(tx, account), instant(tx.now()));
    await touchAccount(tx, account.id, await nextChange(tx));
    return written;
  }, async (tx) => isMended(tx, number));
}

async function isMended(tx: Transaction, number: string): Promise<boolean> {
  const account = await findAccount(tx, number);
  return account === undefined || isSound(tx, await lockAccount(tx, account.id));
}

async function isSound(tx: Transaction, account: Account): Promise<boolean> {
  let isSound = true;
  await checkAccount(tx, account, { maxPeriodDays: null, report: () => { isSound = false; } });
  return isSound;
}

/** Chains that differ may be all that is left of what is lost. */
async function refuseLoss(tx: Transaction, account: Account): Promise<void> {
  for (const batch of await batchesOnRecord(tx, account.id)) {
    const { total } = await countRows(tx, batch.id);
    if (!isRowLost(batch, total)) continue;
    const lost = (await wrongDates(tx, batch.id)).find((date) => date.account === account.account_number && date.counted < (date.stated ?? 0));
    if (lost === undefined) continue;
    throw leftAsItIs(account, batch, `rows of it are lost (at ${lost.effective_date} ${lost.stated} accepted, ${lost.counted} there)`);
  }
  const [missed] = await notApplied(tx, { account: account.id });
  if (missed !== undefined) throw leftAsItIs(account, { id: missed.batch, filename: missed.filename }, 'nothing says that it counts for the account');
}

function leftAsItIs(account: Account, batch: { readonly id: number; readonly filename: string }, why: string): IngestError {
  return new IngestError('unbalanced', `account ${printable(account.account_number)} is left as it is: its chains differ from what is on record, but of batch `
    + `${batch.id} (${printable(batch.filename)}) ${why}, so that the chains may be right. Delete that batch (scd-inbox delete --batch ${batch.id}) `
    + 'and drop its file again');
}
