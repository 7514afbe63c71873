import { instant } from '../clock.js';
import type { Transaction } from './database.js';
import type { BatchStatus, StageBatch } from './entities/stage-batch.js';
import type { Queryable } from './queryable.js';

/** The verbs of `stage_batch`: one row for every file that was ever claimed. */

const LIVE: readonly BatchStatus[] = ['In Progress', 'Ready', 'Held', 'Complete'];

/** The batch, or undefined. */
export async function findBatch(db: Queryable, id: number): Promise<StageBatch | undefined> {
  return (await db.rows<StageBatch>('select * from stage_batch where id = ?', [id]))[0];
}

/** The batch, or undefined; until the transaction ends nobody else changes it. */
export async function lockBatch(tx: Transaction, id: number): Promise<StageBatch | undefined> {
  return (await tx.rows<StageBatch>(`select * from stage_batch where id = ? ${tx.dialect.forUpdate}`, [id]))[0];
}

/** Nobody else changes a batch until the transaction ends. On SQLite nobody can anyway. */
export async function holdBatch(tx: Transaction, id: number): Promise<void> {
  if (tx.dialect.forUpdate !== '') await lockBatch(tx, id);
}

/** The batch of a claim, or undefined. */
export async function findClaim(db: Queryable, claim: string): Promise<StageBatch | undefined> {
  return (await db.rows<StageBatch>('select * from stage_batch where claim = ?', [claim]))[0];
}

/** The batches whose files are not archived yet, in the order in which they came. */
export async function openBatches(db: Queryable): Promise<StageBatch[]> {
  return db.rows<StageBatch>('select * from stage_batch where claim is not null order by id');
}

/** Gives the open batches of a node to another: those with the claims. */
export async function passBatchesOn(tx: Transaction, from: string, to: string, claims: readonly string[]): Promise<void> {
  await tx.rows(
    `update stage_batch set owner = ? where owner = ? and claim in ${tx.dialect.valuesFromJson('text')}`, [to, from, JSON.stringify(claims)]);
}

/** Gives open batches that no node sees to to one: those with the claims. Where two ask, the first has them. */
export async function takeUnowned(tx: Transaction, node: string, claims: readonly string[]): Promise<void> {
  await tx.rows(
    `update stage_batch set owner = ? where owner is null and claim in ${tx.dialect.valuesFromJson('text')}`, [node, JSON.stringify(claims)]);
}

/** The batch that is on its way or on record with this content, or undefined. */
export async function liveBatchOf(db: Queryable, hash: string): Promise<StageBatch | undefined> {
  return (await db.rows<StageBatch>(
    `select * from stage_batch where file_hash = ? and batch_status in (${LIVE.map((status) => `'${status}'`).join(', ')})`, [hash]))[0];
}

/** What there is already of a claimed file. */
interface KnownContent {
  /** The batch of its claim. */
  readonly claimed: StageBatch | undefined;
  /** The batch that is on its way or on record with its content. */
  readonly live: StageBatch | undefined;
  /** The first batch in Error with its content. */
  readonly failed: StageBatch | undefined;
}

/** Looks for the batches that a claimed file may belong to. */
export async function findContent(db: Queryable, claim: string, hash: string): Promise<KnownContent> {
  const rows = await db.rows<StageBatch>(
    "select * from stage_batch where claim = ? or (file_hash = ? and batch_status not in ('Duplicate', 'Deleted')) order by id", [claim, hash]);
  const same = rows.filter(({ file_hash }) => file_hash === hash);
  return {
    claimed: rows.find((batch) => batch.claim === claim),
    live: same.find(({ batch_status }) => LIVE.includes(batch_status)),
    failed: same.find((batch) => batch.batch_status === 'Error' && batch.claim === null),
  };
}

/** Records a claimed file, and with it the first attempt at it. */
export async function addBatch(
  tx: Transaction, batch: { filename: string; hash: string | null; claim: string; owner?: string | undefined; status: BatchStatus },
): Promise<StageBatch> {
  const rows = await tx.rows<StageBatch>(
    'insert into stage_batch (filename, file_hash, batch_status, claim, owner, start_date, attempts) values (?, ?, ?, ?, ?, ?, 1) returning *',
    [batch.filename, batch.hash, batch.status, batch.claim, batch.owner ?? null, instant(tx.now())],
  );
  return rows[0]!;
}

/**
 * Begins a batch in Error anew under a new claim. Its file is the one claimed again, by `owner`, or lies where it was
 * archived: `archived` keeps saying where, and whoever archived it sees to it. An approval stays, it was of the batch; a
 * rejection is what is taken back.
 */
export async function reopenBatch(
  tx: Transaction, id: number, claim: string, { owner, archived = null }: { owner?: string | undefined; archived?: string | null } = {},
): Promise<void> {
  const now = instant(tx.now());
  await tx.rows(
    `update stage_batch set batch_status = 'In Progress', claim = ?, error = null, duplicate_of = null, archived_path = ?,
       end_date = null, attempts = 0, start_date = ?, retried_at = ?, rejected_at = null, owner = coalesce(?, owner) where id = ?`,
    [claim, archived, now, now, owner ?? null, id],
  );
}

/** Counts an attempt, before it is made: a file that kills the process is then known. Returns the count. `by` 0 counts none. */
export async function countAttempt(tx: Transaction, id: number, by: 0 | 1 = 1): Promise<number> {
  const rows = await tx.rows<{ attempts: number }>(
    'update stage_batch set attempts = attempts + ? where id = ? returning attempts', [by, id]);
  return rows[0]!.attempts;
}

/** Takes an attempt back that ended through no fault of the file. */
export async function forgiveAttempt(tx: Transaction, id: number): Promise<void> {
  await tx.rows('update stage_batch set attempts = attempts - 1 where id = ? and attempts > 0', [id]);
}

/** Says why a batch that is under way does not go on; going on clears it. */
export async function noteTrouble(tx: Transaction, claim: string, reason: string): Promise<void> {
  await tx.rows("update stage_batch set error = ? where claim = ? and batch_status in ('In Progress', 'Ready', 'Complete')", [reason, claim]);
}

/** The batches that did not go on when they were last tried, and say why, in the order in which they came. */
export async function troubledBatches(db: Queryable): Promise<Pick<StageBatch, 'id' | 'filename' | 'batch_status' | 'error'>[]> {
  return db.rows(
    `select id, filename, batch_status, error from stage_batch
     where claim is not null and error is not null and batch_status in ('In Progress', 'Ready', 'Complete') order by id`);
}

/** What admission found. */
export interface Admission {
  readonly sheet: string;
  readonly total: number;
  readonly success: number;
  readonly failure: number;
  readonly repeated: number;
}

/** Puts a batch on record. */
export async function markReady(tx: Transaction, id: number, seq: number, found: Admission): Promise<void> {
  await tx.rows(
    `update stage_batch set batch_status = 'Ready', error = null, attempts = 1, admitted_seq = ?, sheet = ?, total_count = ?, success_count = ?,
       failure_count = ?, repeated_count = ?, ${zeroed(EFFECT_COUNTS)} where id = ?`,
    [seq, found.sheet, found.total, found.success, found.failure, found.repeated, id],
  );
}

/** Holds a batch back, with the reason: nothing of it is on record, and nothing is decided of its rows. */
export async function markHeld(
  tx: Transaction, id: number, error: string, read: { readonly sheet: string; readonly rows: number; readonly failed: number },
): Promise<void> {
  await tx.rows(
    `update stage_batch set batch_status = 'Held', error = ?, attempts = 1, sheet = ?, total_count = ?, success_count = 0, failure_count = ?,
       repeated_count = 0, ${zeroed(EFFECT_COUNTS)} where id = ?`,
    [error, read.sheet, read.rows, read.failed, id],
  );
}

/** The batches that are held back and wait for somebody's decision; with a node, those that it sees to. */
export async function heldBatches(db: Queryable, node: string | null = null): Promise<StageBatch[]> {
  return db.rows<StageBatch>(
    `select * from stage_batch where batch_status = 'Held' and approved_at is null and rejected_at is null
       and (owner is null or owner = coalesce(?, owner)) order by id`, [node]);
}

/** Writes down that a Held batch is to be loaded, or not. */
export async function markDecision(tx: Transaction, id: number, decision: 'approved' | 'rejected', at: string): Promise<void> {
  await tx.rows(`update stage_batch set ${decision}_at = ? where id = ?`, [at, id]);
}

const EFFECT_COUNTS = [
  'add_count', 'append_count', 'unchanged_count', 'merge_count', 'replace_count', 'zeroed_count',
  'placeholder_inserted_count', 'placeholder_replaced_count',
] as const;

/** Ends a batch in Error or Duplicate, with the reason. */
export async function markRefused(
  tx: Transaction, id: number, status: 'Error' | 'Duplicate', error: string,
  found: Partial<Admission> & { duplicateOf?: number } = {},
): Promise<void> {
  await tx.rows(
    `update stage_batch set batch_status = ?, error = ?, attempts = 1, duplicate_of = ?, end_date = ?, sheet = coalesce(?, sheet),
       total_count = ?, success_count = 0, failure_count = ?, repeated_count = 0, ${zeroed(EFFECT_COUNTS)} where id = ?`,
    [status, error, found.duplicateOf ?? null, instant(tx.now()), found.sheet ?? null, found.total ?? 0, found.failure ?? 0, id],
  );
}

/** Ends the Duplicates that name a batch in Error. */
export async function failDuplicates(tx: Transaction, id: number, error: string): Promise<void> {
  await tx.rows("update stage_batch set batch_status = 'Error', error = ? where duplicate_of = ? and batch_status = 'Duplicate'", [error, id]);
}

/** What applying added to a batch's counts, by the names of its columns. */
export type Counts = Partial<Record<(typeof EFFECT_COUNTS)[number], number>>;

/** Adds to a batch's counts. */
export async function addCounts(tx: Transaction, id: number, counts: Counts): Promise<void> {
  const entries = Object.entries(counts).filter(([, count]) => count !== 0);
  if (entries.length === 0) return;
  const assignments = entries.map(([name]) => `${name} = ${name} + ?`).join(', ');
  await tx.rows(`update stage_batch set ${assignments} where id = ?`, [...entries.map(([, count]) => count), id]);
}

/** Says that every account of a batch is done. Returns the batch. */
export async function markComplete(tx: Transaction, id: number): Promise<StageBatch> {
  const rows = await tx.rows<StageBatch>(
    "update stage_batch set batch_status = 'Complete', attempts = 1, error = null, end_date = ? where id = ? returning *", [instant(tx.now()), id]);
  return rows[0]!;
}

/** Says where a batch's file lies now; it is no longer claimed. Returns the batch. */
export async function markArchived(tx: Transaction, id: number, path: string | null): Promise<StageBatch> {
  const rows = await tx.rows<StageBatch>(
    `update stage_batch set archived_path = ?, claim = null, error = case when batch_status = 'Complete' then null else error end
     where id = ? returning *`,
    [path, id],
  );
  return rows[0]!;
}

/** Whether a batch already says that its file lies at `path`. */
export async function isArchivedAt(db: Queryable, path: string): Promise<boolean> {
  return (await db.rows('select 1 from stage_batch where archived_path = ?', [path])).length > 0;
}

/** Says that a batch is deleted: from now on its content is free, and nothing is held against it. */
export async function markDeleted(tx: Transaction, id: number, at: string): Promise<void> {
  await tx.rows("update stage_batch set batch_status = 'Deleted', deleted_at = ? where id = ?", [at, id]);
}

/** Deleted batches that still count for accounts, and for how many: their deletion is under way, or was interrupted. */
export async function halfDeletedBatches(db: Queryable): Promise<{ readonly id: number; readonly accounts: number }[]> {
  const rows = await db.rows<{ id: number; accounts: number }>(
    `select b.id, count(*) as accounts from stage_batch b join batch_account a on a.batch_id = b.id
     where b.batch_status = 'Deleted' and a.removed_seq is null group by b.id order by b.id`);
  return rows.map(({ id, accounts }) => ({ id, accounts: Number(accounts) }));
}

function zeroed(columns: readonly string[]): string {
  return columns.map((column) => `${column} = 0`).join(', ');
}
