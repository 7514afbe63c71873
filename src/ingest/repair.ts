import { isDeepStrictEqual } from 'node:util';
import { counted } from '../counted.js';
import { hasCode } from '../errors.js';
import { lockBatch } from '../store/batches.js';
import type { Database, Transaction } from '../store/database.js';
import { writeDate, writeMarks, writeTotals } from '../store/health.js';
import { auditBatch, type Audit } from './audit.js';
import type { Written } from './derive.js';
import type { Finding } from './finding.js';
import { rebuildAccount } from './rebuild.js';

/** Nothing on record says what is right, or nothing is wrong. */
const BEYOND_REPAIR: ReadonlySet<Finding['kind']> = new Set(['lost rows', 'rows too many', 'not applied', 'long period']);

/**
 * Brings what was found wrong to what the observations on record say: first the marks, dates and totals of batches, one
 * transaction for each, then the chains, one transaction for each account. What is looked at is found anew inside the
 * transaction, so that a finding that has passed meanwhile does no harm. Safe to repeat.
 */
export class Repairs {
  private readonly batches = new Set<number>();
  private readonly accounts = new Set<string>();

  /** `isReplayAsked`: batches are audited as they were for the findings. */
  constructor(private readonly isReplayAsked = false) {}

  /** Takes a finding; returns whether it can be mended. */
  add({ kind, account, batch }: Finding): boolean {
    if (BEYOND_REPAIR.has(kind)) return false;
    if (batch !== null) this.batches.add(batch);
    // Chains may have followed a wrong mark or date: they are looked at as well.
    if (account !== null) this.accounts.add(account);
    return true;
  }

  /** Does it. Returns what was done, in words. */
  async carryOut(database: Pick<Database, 'write'>): Promise<string[]> {
    const done = [...await this.mendBatches(database)].map(([batch, mended]) => `batch ${batch}: ${mendedText(mended)}`);
    for (const account of this.accounts) {
      const words = await rebuilt(database, account);
      if (words !== undefined) done.push(words);
    }
    return done;
  }

  /** A replay follows from the statuses of all batches: only once these are right can actions and totals be. */
  private async mendBatches(database: Pick<Database, 'write'>): Promise<Map<number, Mended>> {
    const all = new Map<number, Mended>();
    for (let round = 1; round <= 3; round += 1) {
      for (const batch of this.batches) {
        const now = await mendBatch(database, batch, this.isReplayAsked);
        const { marks, totals, dates } = all.get(batch) ?? { marks: 0, totals: 0, dates: 0 };
        if (now !== undefined) all.set(batch, { marks: marks + now.marks, totals: totals + now.totals, dates: dates + now.dates });
      }
    }
    return all;
  }
}

/** How much of a batch was mended. */
interface Mended {
  readonly marks: number;
  readonly totals: number;
  readonly dates: number;
}

/** Mends what an audit finds; undefined where that is nothing. */
async function mendBatch(database: Pick<Database, 'write'>, id: number, isReplayAsked: boolean): Promise<Mended | undefined> {
  let due: Due | undefined;
  return database.write(async (tx) => {
    due = await dueOf(tx, id, isReplayAsked);
    if (due === undefined) return undefined;
    const { marks, totals, dates } = due;
    await writeMarks(tx, marks.map((row) => [row.id, row.due, row.dueAction ?? row.action]));
    await writeTotals(tx, id, totals.map(({ count, counted }) => [count, counted]));
    for (const date of dates) await writeDate(tx, id, date);
    return { marks: marks.length, totals: totals.length, dates: dates.length };
  }, async (tx) => !isDeepStrictEqual(await dueOf(tx, id, isReplayAsked), due));
}

/** What is to be mended of a batch. */
type Due = Pick<Audit, 'marks' | 'totals' | 'dates'>;

/** What is to be mended of a batch, which nobody adds to until the transaction ends; undefined where that is nothing. */
async function dueOf(tx: Transaction, id: number, isReplayAsked: boolean): Promise<Due | undefined> {
  const batch = await lockBatch(tx, id);
  if (batch === undefined) return undefined;
  const { rowsLost, marks, totals, dates } = await auditBatch(tx, batch, isReplayAsked);
  return rowsLost !== undefined || marks.length + totals.length + dates.length === 0 ? undefined : { marks, totals, dates };
}

function mendedText(mended: Mended): string {
  const parts = Object.entries<number>({ ...mended }).filter(([, count]) => count > 0).map(([what, count]) => counted(count, what.slice(0, -1), what));
  return `${parts.join(' and ')} mended`;
}

/** Rebuilds an account; says what was written, or why nothing could be. */
async function rebuilt(database: Pick<Database, 'write'>, account: string): Promise<string | undefined> {
  try {
    const written = await rebuildAccount(database, account);
    return written.inserted + written.updated + written.removed === 0 ? undefined : `account ${account}: ${writtenText(written)}`;
  } catch (error) {
    if (!hasCode(error, 'unbalanced')) throw error;
    return error.message;
  }
}

/** What was written, in words. */
export function writtenText({ inserted, updated, removed }: Written): string {
  const total = inserted + updated + removed;
  return `${counted(total, 'version')} changed (${inserted} inserted, ${updated} updated, ${removed} removed)`;
}
