import type { Database } from '../store/database.js';
import type { Written } from './derive.js';
import type { Finding } from './finding.js';
import { rebuildAccount } from './rebuild.js';

/** What a repair would bring to what the observations say, gathered from findings. */
export class Repairs {
  /** By account, how many of its versions are not what the observations say. */
  private readonly accounts = new Map<string, number>();

  /** Takes a finding; returns whether it can be mended. */
  add({ kind, account }: Finding): boolean {
    if (account === null || !(kind === 'missing version' || kind === 'extra version' || kind === 'wrong version')) return false;
    this.accounts.set(account, (this.accounts.get(account) ?? 0) + 1);
    return true;
  }

  /** What would be done, in words. */
  proposals(): string[] {
    return [...this.accounts].map(([account, versions]) => `account ${account}: ${versions} version${versions === 1 ? '' : 's'} would be rewritten`);
  }

  /** Does it, one transaction for each account. Returns what was done, in words. */
  async carryOut(database: Database): Promise<string[]> {
    const done: string[] = [];
    for (const account of this.accounts.keys()) done.push(`account ${account}: ${writtenText(await rebuildAccount(database, account))}`);
    return done;
  }
}

/** What was written, in words. */
export function writtenText({ inserted, updated, removed }: Written): string {
  const total = inserted + updated + removed;
  return `${total} version${total === 1 ? '' : 's'} changed (${inserted} inserted, ${updated} updated, ${removed} removed)`;
}
