/**
 * The rules of history as a program that is too slow to be wrong: it keeps every batch and row, and derives every
 * chain from nothing each time it is asked. It is written from the rules alone and shares nothing with the real
 * program, so that each can be held against the other.
 */

import { isRefused, judge } from './admission.js';
import { type Batch, effectsOf, entriesOf, isSameContent, newBatch, outcomeOf, undecided } from './batch.js';
import { chainOf } from './chain.js';
import { dateOf } from './days.js';
import { isGuarded } from './guard.js';
import { type Entry, accountsOf, referencesOf, submissionDates } from './record.js';
import type {
  BatchOutcome,
  ModelChain,
  ModelFile,
  ModelItem,
  ModelPolicy,
  ModelVersion,
  RowName,
} from './types.js';

/** The reference model: a database in which a file is admitted and applied at once. */
export class Model {
  private readonly all: Batch[] = [];
  private admissions = 0;

  constructor(private policy: ModelPolicy) {}

  /** Drops a file: a Duplicate of a Complete batch, a retry of a batch in Error, or a new batch. */
  drop(file: ModelFile): BatchOutcome {
    const failed = this.all.find((other) => isFailed(other) && isSameContent(other.file, file));
    return this.load(failed && !this.liveLike(file) ? failed : this.register(file));
  }

  /** Reads a batch again that ended in Error, under its own id. Throws for any other, and where its content is live. */
  retry(id: number): BatchOutcome {
    const batch = this.find(id);
    if (!isFailed(batch) || this.liveLike(batch.file)) throw new Error(`batch ${id} cannot be retried`);
    return this.load(batch);
  }

  /** Loads a batch that is held back, whatever it zeroes: judged anew, against what is on record now. */
  approve(id: number): BatchOutcome {
    const batch = this.findHeld(id);
    batch.approved = true;
    return this.admit(batch);
  }

  /** Ends a batch that is held back in Error, and the Duplicates of it. */
  reject(id: number): BatchOutcome {
    const batch = this.findHeld(id);
    this.fail(batch);
    return outcomeOf(batch);
  }

  /** Whether content like that of a batch in Error is live under another id. */
  isLive(id: number): boolean {
    return this.liveLike(this.find(id).file) !== undefined;
  }

  /** Soft-deletes a batch. Does nothing to one that is deleted already. */
  deleteBatch(id: number): void {
    this.find(id).deleted = true;
  }

  /**
   * Soft-deletes every observation on record of the named row's item and date. Returns how many there were: 0, and
   * nothing done, if the named row is no observation on record itself (failed, never applied, deleted before).
   */
  deleteRecord(batchId: number, row: number): number {
    const observations = this.observed();
    const named = observations.find((entry) => entry.batchId === batchId && entry.row === row);
    if (!named) return 0;
    const same = observations.filter(
      ({ account, reference, date }) =>
        account === named.account && reference === named.reference && date === named.date,
    );
    for (const entry of same) this.find(entry.batchId).removed.add(entry.row);
    return same.length;
  }

  /** Puts another policy in force; the chains are what it says from now on, past outcomes stay. */
  setPolicy(policy: ModelPolicy): void {
    this.policy = policy;
  }

  /** What became of a batch. Throws if there is none of that id. */
  batch(id: number): BatchOutcome {
    return outcomeOf(this.find(id));
  }

  /** What became of every batch, deleted ones included, by id. */
  batches(): BatchOutcome[] {
    return this.all.map(outcomeOf);
  }

  /** Every observation on record, in the order in which they were admitted. */
  observations(): RowName[] {
    return this.observed()
      .sort((a, b) => a.admission - b.admission || a.row - b.row)
      .map(({ batchId, row }) => ({ batchId, row }));
  }

  /** The accounts that have a chain. */
  accounts(): string[] {
    return accountsOf(this.entries());
  }

  /** The references of an account that have a chain. */
  items(account: string): string[] {
    return referencesOf(this.entries(), account);
  }

  /** The submission dates of an account, in order. */
  submissions(account: string): string[] {
    return submissionDates(this.entries(), account).map(dateOf);
  }

  /** The versions of an item, in order; none if it has no observation on record. */
  chain(account: string, reference: string): ModelVersion[] {
    return chainOf(this.entries(), account, reference, this.policy).map((version) => ({
      ...version,
      from: dateOf(version.from),
      to: version.to === null ? null : dateOf(version.to),
    }));
  }

  /** All chains, as chains are compared: by account and reference, without the ids of batches. */
  chains(): ModelChain[] {
    return this.accounts().flatMap((account) =>
      this.items(account).map((reference) => ({
        account,
        reference,
        versions: this.chain(account, reference).map(comparable),
      })),
    );
  }

  /** The version of each item that covers a date, of one account or of all; items without one are left out. */
  asOf(date: string, account?: string): ModelItem[] {
    const accounts = account === undefined ? this.accounts() : [account];
    return accounts.flatMap((account) =>
      this.items(account).flatMap((reference) =>
        this.chain(account, reference)
          .filter(({ from, to }) => from <= date && (to === null || date < to))
          .map((version) => ({ account, reference, ...version })),
      ),
    );
  }

  private register(file: ModelFile): Batch {
    const batch = newBatch(this.all.length + 1, file);
    this.all.push(batch);
    return batch;
  }

  /** Admits and applies a batch that is not on record, unless its content is live already. */
  private load(batch: Batch): BatchOutcome {
    const original = this.liveLike(batch.file);
    if (!original) return this.admit(batch);
    Object.assign(batch, undecided('Duplicate', original.id));
    return outcomeOf(batch);
  }

  private admit(batch: Batch): BatchOutcome {
    const before = this.entries();
    Object.assign(batch, undecided('Error', null));
    batch.judgements = judge(batch.id, batch.file.rows, before);
    if (isRefused(batch.judgements, this.policy)) this.fail(batch);
    else this.apply(batch, before);
    return outcomeOf(batch);
  }

  private apply(batch: Batch, before: Entry[]): void {
    const own = entriesOf({ ...batch, admission: this.admissions + 1 });
    if (!batch.approved && isGuarded(before, own, this.policy)) {
      Object.assign(batch, undecided('Held', null));
      return;
    }
    batch.status = 'Complete';
    batch.admission = ++this.admissions;
    Object.assign(batch, effectsOf(before, own, this.policy));
  }

  private fail(batch: Batch): void {
    batch.status = 'Error';
    for (const other of this.all) if (!other.deleted && other.status === 'Duplicate' && other.duplicateOf === batch.id) other.status = 'Error';
  }

  private liveLike(file: ModelFile): Batch | undefined {
    return this.all.find((other) => isLive(other) && isSameContent(other.file, file));
  }

  private findHeld(id: number): Batch {
    const batch = this.find(id);
    if (batch.status !== 'Held' || batch.deleted) throw new Error(`batch ${id} is not held back`);
    return batch;
  }

  /** The rows that count, of all batches on record. */
  private entries(): Entry[] {
    return this.all.filter(isOnRecord).flatMap(entriesOf);
  }

  private observed(): Entry[] {
    return this.entries().filter((entry) => entry.standing === 'observed');
  }

  private find(id: number): Batch {
    const batch = this.all.find((other) => other.id === id);
    if (!batch) throw new RangeError(`no batch ${id}`);
    return batch;
  }
}

function comparable(version: ModelVersion): ModelChain['versions'][number] {
  const { from, to, amount, term, company, isPlaceholder, isMissing } = version;
  return { from, to, amount, term, company, isPlaceholder, isMissing };
}

function isOnRecord(batch: Batch): boolean {
  return batch.status === 'Complete' && !batch.deleted;
}

function isLive(batch: Batch): boolean {
  return (batch.status === 'Complete' || batch.status === 'Held') && !batch.deleted;
}

function isFailed(batch: Batch): boolean {
  return batch.status === 'Error' && !batch.deleted;
}
