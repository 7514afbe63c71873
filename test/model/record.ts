/** What is on record of an account, and the questions the rules ask of it. */

/**
 * A row that counts: of a batch that is Complete and not deleted, with account, reference and date known.
 *
 * - `observed`: accepted and on record.
 * - `removed`: accepted, soft-deleted on its own since. It still makes the submission.
 * - `failed`: unreadable or contradicted. It makes no submission; it only names its item in one that is there,
 *   whichever batch made that. Failed rows of a batch in Error or of a deleted batch are no entries at all.
 */
export interface Entry {
  readonly batchId: number;
  /** Counts admissions, not ids: a batch retried is admitted anew. */
  readonly admission: number;
  readonly row: number;
  readonly account: string;
  readonly reference: string;
  readonly date: number;
  readonly company: string;
  readonly amount: number | null;
  readonly term: string;
  readonly standing: 'observed' | 'removed' | 'failed';
}

/** How an item stands in a submission. */
export type Stand = { readonly kind: 'observed'; readonly observation: Entry } | { readonly kind: 'void' | 'missing' };

/** The dates for which some batch holds an accepted row of the account, in order. */
export function submissionDates(entries: readonly Entry[], account: string): number[] {
  const accepted = entries.filter((entry) => entry.account === account && entry.standing !== 'failed');
  return unique(accepted.map((entry) => entry.date)).sort((a, b) => a - b);
}

/** The observations on record of an item, by date; at one date, the first-admitted batch's first. */
export function observationsOf(entries: readonly Entry[], account: string, reference: string): Entry[] {
  return entriesOf(entries, account, reference)
    .filter((entry) => entry.standing === 'observed')
    .sort((a, b) => a.date - b.date || a.admission - b.admission || a.row - b.row);
}

/** Whether an item is observed, void or missing in the submission at a date. */
export function standAt(entries: readonly Entry[], account: string, reference: string, date: number): Stand {
  const observation = observationsOf(entries, account, reference).find((entry) => entry.date === date);
  if (observation) return { kind: 'observed', observation };
  const named = entriesOf(entries, account, reference).some((entry) => entry.date === date);
  return { kind: named ? 'void' : 'missing' };
}

/** The first-admitted batch that holds an accepted row of the account at a submission date. */
export function firstBatchOf(entries: readonly Entry[], account: string, date: number): number {
  const [first] = entries
    .filter((entry) => entry.account === account && entry.date === date && entry.standing !== 'failed')
    .sort((a, b) => a.admission - b.admission);
  if (!first) throw new RangeError(`${account} has no submission at day ${date}`);
  return first.batchId;
}

/** The accounts that have an item with an observation on record, in order. */
export function accountsOf(entries: readonly Entry[]): string[] {
  const observed = entries.filter((entry) => entry.standing === 'observed');
  return unique(observed.map((entry) => entry.account)).sort();
}

/** The references of an account that have an observation on record, in order: the items that have a chain. */
export function referencesOf(entries: readonly Entry[], account: string): string[] {
  const observed = entries.filter((entry) => entry.account === account && entry.standing === 'observed');
  return unique(observed.map((entry) => entry.reference)).sort();
}

function entriesOf(entries: readonly Entry[], account: string, reference: string): Entry[] {
  return entries.filter((entry) => entry.account === account && entry.reference === reference);
}

/** Each value once, in the order in which they first come. */
export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
