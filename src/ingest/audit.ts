import type { Effects } from '../history/action.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { ProcessAction, ProcessStatus } from '../store/entities/stage-record.js';
import { applicationsOf, markedRows, notApplied, wrongDates, wrongStatuses, type MarkedRow, type WrongDate } from '../store/health.js';
import type { Queryable } from '../store/queryable.js';
import { tallyRows } from '../store/records.js';
import { ACTION_COUNTS, imbalancesOf, isAdmitted, isRowLost, NO_ACTION, type Imbalance } from './balance.js';
import { replay } from './replay.js';

/**
 * What a batch says of itself and of its rows, held against what it must say. A row's status follows from its error and
 * from what it was applied to; its action from a replay of what was on record then; the totals from the rows.
 */
export interface Audit {
  readonly batch: StageBatch;
  /** Rows are gone, or are too many: nothing of the batch can be mended, for nothing says what they were. */
  readonly rowsLost: { readonly read: number; readonly there: number } | undefined;
  /** Accounts that the batch names, though nothing says that it counts for them: nothing says since when it did either. */
  readonly notApplied: readonly string[];
  readonly marks: readonly WrongMark[];
  readonly totals: readonly Imbalance[];
  readonly dates: readonly WrongDate[];
}

/** A row with the marks that it must bear; an action that follows only once the statuses are right is undefined. */
interface WrongMark extends MarkedRow {
  readonly due: ProcessStatus;
  readonly dueAction: ProcessAction | undefined;
}

/**
 * Audits a batch. It is replayed where its rows and totals do not agree, or where that is asked for: then every action
 * and every count is held against what was on record when it was applied.
 */
export async function auditBatch(db: Queryable, batch: StageBatch, isReplayAsked: boolean): Promise<Audit> {
  // Its rows are still coming.
  if (batch.batch_status === 'In Progress') return nothingWrong(batch);
  const missed = await notApplied(db, { batch: batch.id });
  if (missed.length > 0) return { ...nothingWrong(batch), notApplied: missed.map(({ account }) => account) };
  const tally = await tallyRows(db, batch.id);
  const imbalances = imbalancesOf(batch, tally);
  const dates = isAdmitted(batch) ? await wrongDates(db, batch.id) : [];
  const sound = { ...nothingWrong(batch), dates };
  if (imbalances.length === 0 && !isReplayAsked) return sound;
  const there = tally.reduce((sum, { rows }) => sum + rows, 0);
  if (isRowLost(batch, there)) {
    // Deleting it was what there was to do: nothing follows from its rows any more.
    return batch.batch_status === 'Deleted' ? { ...sound, dates: [] } : { ...sound, rowsLost: { read: batch.total_count, there } };
  }
  // While rows bear a wrong status, whatever counts or replays them is wrong as well.
  const statuses = await wrongStatuses(db, batch.id);
  if (statuses.length > 0) return { ...sound, marks: statuses.map(withoutAction), dates: [] };
  const replayed = isReplayAsked || imbalances.some(isAboutActions) ? await replayBatch(db, batch) : undefined;
  return { ...sound, marks: replayed?.marks ?? [], totals: totalsOf(batch, imbalances, replayed) };
}

function nothingWrong(batch: StageBatch): Audit {
  return { batch, rowsLost: undefined, notApplied: [], marks: [], totals: [], dates: [] };
}

function withoutAction(row: MarkedRow & { due: ProcessStatus }): WrongMark {
  return { ...row, dueAction: row.due === 'Processed' ? undefined : 'N/A' };
}

function isAboutActions({ count }: Imbalance): boolean {
  return count === NO_ACTION || Object.values(ACTION_COUNTS).some((name) => name === count);
}

interface ReplayedBatch {
  readonly marks: readonly WrongMark[];
  /** By the columns of `stage_batch`. */
  readonly counts: ReadonlyMap<string, number>;
}

async function replayBatch(db: Queryable, batch: StageBatch): Promise<ReplayedBatch> {
  const marks: WrongMark[] = [];
  const counts = new Map<string, number>(Object.values(ACTION_COUNTS).map((name) => [name, 0]));
  const effects: Effects = { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 };
  for (const application of await applicationsOf(db, batch.id)) {
    for await (const actions of replay(db, batch.id, application, application.applied_at, effects)) {
      for (const action of actions.values()) counts.set(ACTION_COUNTS[action], counts.get(ACTION_COUNTS[action])! + 1);
      for (const row of await markedRows(db, [...actions.keys()])) {
        const due = actions.get(row.id)!;
        if (row.action !== due) marks.push({ ...row, due: 'Processed', dueAction: due });
      }
    }
  }
  counts.set('zeroed_count', effects.zeroed);
  counts.set('placeholder_inserted_count', effects.placeholdersInserted);
  counts.set('placeholder_replaced_count', effects.placeholdersReplaced);
  return { marks, counts };
}

/** The totals that are wrong: against the replay where there was one, else against the rows. */
function totalsOf(batch: StageBatch, imbalances: readonly Imbalance[], replayed: ReplayedBatch | undefined): Imbalance[] {
  const columns = imbalances.filter(({ count }) => count in batch);
  if (replayed === undefined) return columns;
  const counted = [...replayed.counts].map(([count, found]) => ({ count, stated: batch[count as 'add_count'], counted: found }));
  return [...columns.filter(({ count }) => !replayed.counts.has(count)), ...counted.filter((each) => each.stated !== each.counted)];
}
