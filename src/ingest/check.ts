import { IngestError } from '../errors.js';
import type { StoredVersion } from '../history/diff.js';
import { differencesOf, faultsOf } from '../history/health.js';
import { WHOLE } from '../history/window.js';
import { allAccounts, findAccount, type Account } from '../store/accounts.js';
import { loadVersions, pagesOf } from '../store/chains.js';
import { inSnapshot } from '../store/database.js';
import type { Queryable } from '../store/queryable.js';
import { batchesBehind } from '../store/health.js';
import { findBatch } from '../store/batches.js';
import { auditBatch } from './audit.js';
import { batchFindings } from './batch-finding.js';
import { itemFinding, type Finding } from './finding.js';
import { derivedChains, recordOf } from './known.js';

/**
 * Whether the history is sound: every chain by itself and against what the observations on record derive, and every batch
 * against its rows. It runs beside the daemon: an account or batch is looked at as it was at one moment, so that a batch
 * that is being applied is no finding. Memory is bounded by a page of items.
 */

const PAGE_BATCHES = 500;

/** What `check` looks at and whom it tells. */
interface Checkup {
  /** All accounts where none is named. */
  readonly account?: string | undefined;
  /** A closed version that lasts longer is named; null turns that off. */
  readonly maxPeriodDays: number | null;
  /** Whether every batch is replayed: what each of its rows did is derived anew from what was on record then. */
  readonly isReplayAsked?: boolean | undefined;
  readonly report: (finding: Finding) => void;
}

/** What was looked at. */
export interface Checked {
  readonly accounts: number;
  readonly versions: number;
  readonly batches: number;
}

/** Checks the history. `db` must be a connection that nobody else uses. */
export async function checkHistory(db: Queryable, checkup: Checkup): Promise<Checked> {
  const accounts = await accountsOf(db, checkup.account);
  let versions = 0;
  for (const number of accounts) {
    // Looked up inside the snapshot: another policy may have come meanwhile.
    versions += await inSnapshot(db, async () => checkAccount(db, (await findAccount(db, number))!, checkup));
  }
  return { accounts: accounts.length, versions, batches: await checkBatches(db, checkup) };
}

async function checkBatches(db: Queryable, { account, isReplayAsked, report }: Checkup): Promise<number> {
  const id = account === undefined ? undefined : (await findAccount(db, account))?.id;
  let count = 0;
  for (let after = 0; ;) {
    const page = await batchesBehind(db, after, id, PAGE_BATCHES);
    for (const listed of page) {
      // Looked up inside the snapshot: it may have moved on.
      const audit = await inSnapshot(db, async () => auditBatch(db, (await findBatch(db, listed.id))!, isReplayAsked ?? false));
      batchFindings(audit).forEach(report);
    }
    count += page.length;
    if (page.length < PAGE_BATCHES) return count;
    after = page[page.length - 1]!.id;
  }
}

async function accountsOf(db: Queryable, number: string | undefined): Promise<string[]> {
  if (number === undefined) return (await allAccounts(db)).map(({ account_number }) => account_number);
  if (await findAccount(db, number) === undefined) throw new IngestError('usage', `nothing is known of account "${number}"`);
  return [number];
}

/** Checks the chains of an account, inside a snapshot or a transaction. Returns how many versions it has. */
export async function checkAccount(db: Queryable, account: Account, checkup: Checkup): Promise<number> {
  const record = await recordOf(db, account);
  let versions = 0;
  for (const items of await pagesOf(db, account, record?.dates ?? [])) {
    const stored = await loadVersions(db, account.id, WHOLE, items);
    const derived = record === undefined ? new Map<string, never>() : await derivedChains(db, record, items);
    for (const reference of new Set([...stored.keys(), ...derived.keys()])) {
      const chain: readonly StoredVersion[] = stored.get(reference) ?? [];
      versions += chain.length;
      const found = [...faultsOf(chain, checkup.maxPeriodDays), ...differencesOf(chain, derived.get(reference) ?? [])];
      for (const each of found) checkup.report(itemFinding(account.account_number, reference, each));
    }
  }
  return versions;
}
