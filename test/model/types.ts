/** What the reference model takes and gives: plain values, dates as `YYYY-MM-DD`. */

/**
 * One row of a file as it was read. `unreadable` rows fail before admission (a bad amount, say); what could be read
 * of their date, account and reference is there all the same. A row that is not unreadable has all three.
 */
export interface ModelRow {
  readonly row: number;
  readonly date: string | null;
  readonly account: string | null;
  readonly reference: string | null;
  readonly company: string;
  readonly amount: number | null;
  readonly term: string;
  readonly unreadable: boolean;
}

/** A file: two files with equal rows (row numbers included) are the same bytes, whatever they are called. */
export interface ModelFile {
  readonly name: string;
  readonly rows: readonly ModelRow[];
}

/** The policy in force. Ratios are decimals; validity is in days, null for none. */
export interface ModelPolicy {
  readonly validityDays: number | null;
  readonly accountValidityDays: Readonly<Record<string, number | null>>;
  readonly missingItems: 'zero' | 'keep';
  readonly placeholderReplaceCoverage: number;
  readonly maxFailureRatio: number;
  /** Above this share of an account's items that would become zero a batch is held back; absent is never. */
  readonly maxMissingRatio?: number;
}

/** What a row did to its item's chain. */
export type Action = 'Add' | 'Append' | 'Replace' | 'Unchanged' | 'Merge' | 'N/A';

/** A row of a batch, by the batch's id and the row's number. */
export interface RowName {
  readonly batchId: number;
  readonly row: number;
}

/** What became of a row. `contradicts` is the row it failed against; `deleted` means soft-deleted on its own. */
export interface RowOutcome {
  readonly row: number;
  readonly status: 'Unprocessed' | 'Processed' | 'Failed';
  readonly action: Action;
  readonly repeated: boolean;
  readonly contradicts: RowName | null;
  readonly deleted: boolean;
}

/** What became of a batch. The counts are those of its application; later commands change only the `deleted` flags. */
export interface BatchOutcome {
  readonly id: number;
  readonly status: 'Complete' | 'Held' | 'Error' | 'Duplicate';
  readonly deleted: boolean;
  readonly duplicateOf: number | null;
  readonly total: number;
  readonly success: number;
  readonly failure: number;
  readonly repeated: number;
  readonly actions: Readonly<Record<Action, number>>;
  readonly zeroed: number;
  readonly placeholdersInserted: number;
  readonly placeholdersReplaced: number;
  readonly rows: readonly RowOutcome[];
}

/** One version of an item over [from, to); `to` null is the open one. */
export interface ModelVersion {
  readonly from: string;
  readonly to: string | null;
  readonly amount: number | null;
  readonly term: string;
  readonly company: string;
  readonly isPlaceholder: boolean;
  readonly isMissing: boolean;
  readonly batchId: number;
}

/** A chain as chains are compared: without the ids of batches. */
export interface ModelChain {
  readonly account: string;
  readonly reference: string;
  readonly versions: readonly Omit<ModelVersion, 'batchId'>[];
}

/** An item's version at some date. */
export interface ModelItem extends ModelVersion {
  readonly account: string;
  readonly reference: string;
}
