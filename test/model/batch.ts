/** A batch of the model: what admission said of its rows and what its application did. */

import { type Judgement, identityOf } from './admission.js';
import { type Counts, actionsOf, countsOf } from './effects.js';
import { type Entry, unique } from './record.js';
import type { Action, BatchOutcome, ModelFile, ModelPolicy, RowOutcome } from './types.js';

/** A batch as it stands. Only the model changes it. */
export interface Batch {
  readonly id: number;
  readonly file: ModelFile;
  status: 'Complete' | 'Held' | 'Error' | 'Duplicate';
  /** Whether the guard is not asked any more. */
  approved: boolean;
  duplicateOf: number | null;
  deleted: boolean;
  /** Counts admissions; a retry is admitted anew. */
  admission: number;
  judgements: readonly Judgement[];
  actions: ReadonlyMap<number, Action>;
  counts: Counts;
  /** The numbers of the rows soft-deleted on their own. */
  readonly removed: Set<number>;
}

const NOTHING_COUNTED: Counts = { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 };

/** A batch of which nothing is decided yet. */
export function newBatch(id: number, file: ModelFile): Batch {
  return { id, file, approved: false, deleted: false, admission: 0, removed: new Set(), ...undecided('Error', null) };
}

/** What a batch that is not on record looks like: no rows (Duplicate), or rows to be judged (Error). */
export function undecided(status: 'Held' | 'Error' | 'Duplicate', duplicateOf: number | null) {
  return { status, duplicateOf, judgements: [], actions: new Map<number, Action>(), counts: NOTHING_COUNTED };
}

/** Whether two files are the same bytes. */
export function isSameContent(a: ModelFile, b: ModelFile): boolean {
  return JSON.stringify(a.rows) === JSON.stringify(b.rows);
}

/** The rows of a batch that count, provided that it is Complete and not deleted. */
export function entriesOf({ id, admission, judgements, removed }: Batch): Entry[] {
  return judgements.flatMap(({ row, accepted }) => {
    const identity = identityOf(row);
    if (!identity) return [];
    const standing = !accepted ? 'failed' : removed.has(row.row) ? 'removed' : 'observed';
    const { company, amount, term } = row;
    return [{ batchId: id, admission, row: row.row, ...identity, company, amount, term, standing }];
  });
}

/** What applying a batch to the record does, over all accounts that its rows name, failed ones included. */
export function effectsOf(
  before: readonly Entry[],
  ofBatch: readonly Entry[],
  policy: ModelPolicy,
): { actions: Map<number, Action>; counts: Counts } {
  const after = [...before, ...ofBatch];
  const actions = new Map<number, Action>();
  let counts = NOTHING_COUNTED;
  for (const account of unique(ofBatch.map((entry) => entry.account))) {
    for (const [row, action] of actionsOf(before, ofBatch, account, policy)) actions.set(row, action);
    counts = add(counts, countsOf(before, after, account, policy));
  }
  return { actions, counts };
}

/** The batch as the outside sees it. */
export function outcomeOf(batch: Batch): BatchOutcome {
  const { id, status, deleted, duplicateOf, judgements, counts } = batch;
  const rows = judgements.map((judgement) => rowOutcomeOf(batch, judgement));
  return {
    id,
    status,
    deleted,
    duplicateOf,
    total: rows.length,
    success: rows.filter((row) => row.status === 'Processed').length,
    failure: rows.filter((row) => row.status === 'Failed').length,
    repeated: rows.filter((row) => row.status === 'Processed' && row.repeated).length,
    actions: tally(rows.map((row) => row.action)),
    ...counts,
    rows,
  };
}

function rowOutcomeOf(batch: Batch, { row, accepted, repeated, contradicts }: Judgement): RowOutcome {
  const good = batch.status === 'Complete' ? 'Processed' : 'Unprocessed';
  return {
    row: row.row,
    status: accepted ? good : 'Failed',
    action: batch.actions.get(row.row) ?? 'N/A',
    repeated: good === 'Processed' && repeated,
    contradicts,
    deleted: batch.removed.has(row.row),
  };
}

function tally(actions: readonly Action[]): Record<Action, number> {
  const count = (action: Action) => actions.filter((other) => other === action).length;
  return {
    Add: count('Add'),
    Append: count('Append'),
    Replace: count('Replace'),
    Unchanged: count('Unchanged'),
    Merge: count('Merge'),
    'N/A': count('N/A'),
  };
}

function add(a: Counts, b: Counts): Counts {
  return {
    zeroed: a.zeroed + b.zeroed,
    placeholdersInserted: a.placeholdersInserted + b.placeholdersInserted,
    placeholdersReplaced: a.placeholdersReplaced + b.placeholdersReplaced,
  };
}
