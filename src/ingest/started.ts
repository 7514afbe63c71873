import { IngestError, printable } from '../errors.js';
import { findRow, findVersion, type StartedVersion } from '../store/corrections.js';
import type { Queryable } from '../store/queryable.js';

/** Which record stands behind a version, and what to do where none does. */

/** The record that started a live version. Refuses a version that no record started, with what to do instead. */
export async function recordOfVersion(db: Queryable, id: number): Promise<number> {
  const version = await findVersion(db, id);
  if (version === undefined) throw new IngestError('usage', `there is no version ${id}; scd-inbox explain ACCOUNT REFERENCE --json shows their ids`);
  const isStarted = version.record !== null && !version.is_deleted && !version.is_placeholder && !version.is_missing;
  if (!isStarted) throw new IngestError('usage', `version ${id} (${periodOf(version)}) ${whyNoRecord(version)}`);
  return version.record;
}

function periodOf({ account_number, external_reference, from_date, to_date }: StartedVersion): string {
  return `${account_number} / ${external_reference}, ${from_date} to ${to_date ?? 'now'}`;
}

function whyNoRecord(version: StartedVersion): string {
  const { from_date: from, to_date: to, batch_id: batch } = version;
  const origin = `batch ${batch} (${printable(version.filename)})`;
  const deleteBatch = `scd-inbox delete --batch ${batch}`;
  if (version.is_deleted) return 'is not part of the history any more; scd-inbox explain ACCOUNT REFERENCE --json shows the ids of what is';
  if (version.is_placeholder) {
    return `is a placeholder: the account submitted nothing then, so no record made it. Drop a file of that time, or take back what ended it on ${to}: ${origin}, ${deleteBatch}`;
  }
  if (version.is_missing) {
    return `is zero because the item was missing from what was submitted for ${from}, so no record made it. Submit a row for the item and that date, or take the submission back: ${origin}, ${deleteBatch}`;
  }
  return `carries on what was known before, as of the submission of ${from}; no record made it. Delete the record of the version before it, or take the submission back: ${origin}, ${deleteBatch}`;
}

/** Why a row is no observation on record, for people. */
export async function whyNotOnRecord(db: Queryable, id: number): Promise<string> {
  const row = await findRow(db, id);
  if (row === undefined) return 'there is no such row';
  const { batch_id: batch, batch_status: status } = row;
  if (status === 'Deleted') return `its batch ${batch} is deleted`;
  if (row.is_deleted) return 'it is deleted already';
  if (status !== 'Ready' && status !== 'Complete') return `its batch ${batch} is ${status}, nothing of it was loaded`;
  return `it failed; scd-inbox errors ${batch} says why`;
}
