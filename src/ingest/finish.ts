import { failpoint } from '../failpoint.js';
import { dirname } from 'node:path';
import { removeHeldNote, writeHeldNote, writeNote } from '../inbox/answer.js';
import { archive, findArchived, processedFolder, rejectedFolder } from '../inbox/archive.js';
import type { Claim } from '../inbox/claim.js';
import { isWritten, lookAt } from '../inbox/files.js';
import { sha256 } from '../inbox/hash.js';
import { isArchivedAt, markArchived } from '../store/batches.js';
import { LOOKS_ITSELF } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { Context } from './context.js';
import { outcomeLine } from './outcome.js';
import { writeReport } from './report.js';

/**
 * Moves the file of a batch that has ended into the archive, lays the answer beside it and says in the log what became
 * of it. The outcome is committed before the move; a kill in between is mended by doing this again.
 */
export async function finishBatch(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  if (batch.batch_status === 'Held') await sayHeld(context, batch);
  if (batch.batch_status === 'Held' || batch.batch_status === 'Ready' || batch.batch_status === 'In Progress') return batch;
  const isLate = await isWrittenLate(batch, claimed);
  const path = await archivedPath(context, batch, claimed);
  await failpoint('archived');
  if (path !== null) await writeReport(context, batch, path);
  if (path !== null && isLate) await sayWrittenLate(context, batch, path);
  await failpoint('answered');
  const archived = await context.database.write(async (tx) => markArchived(tx, batch.id, path), LOOKS_ITSELF);
  await failpoint('marked-archived');
  await removeHeldNote(context.settings.archive, batch.filename, batch.id);
  announce(context, batch, path);
  return archived;
}

/** Says that a batch waits for somebody's decision, in the log and to whoever looks into the archive for its file. */
export async function sayHeld({ log, settings }: Context, batch: StageBatch): Promise<void> {
  await writeHeldNote(settings.archive, batch.filename, batch.id, `${batch.filename}\n\nbatch ${batch.id} is held back: it ${batch.error ?? ''}\n`);
  log.warn('batch', outcomeLine(batch), { batch: batch.id, file: batch.filename, status: batch.batch_status, rows: batch.total_count });
}

/**
 * Whether somebody wrote to a file behind its being read: a writer that has it open reaches it under any name. The last
 * look is right before the move; what is written behind that is noticed by nobody.
 */
async function isWrittenLate(batch: StageBatch, claimed: Claim | undefined): Promise<boolean> {
  if (claimed === undefined || batch.file_hash === null || !SAYS_LOADED.has(batch.batch_status)) return false;
  const isSuspect = claimed.looked === undefined || isWritten(claimed.looked, await lookAt(claimed.path));
  return isSuspect && await sha256(claimed.path) !== batch.file_hash;
}

/** What makes its sender believe that all of the file is on record. */
const SAYS_LOADED: ReadonlySet<string> = new Set(['Complete', 'Duplicate']);

/** What was read stays on record: taking it back would be worse than saying what is missing. */
async function sayWrittenLate({ log }: Context, batch: StageBatch, path: string): Promise<void> {
  const said = `somebody wrote to ${batch.filename} after it was read: what was written then is not loaded. Once its writer has closed it, drop `
    + `${path} again; rows that are on record already count as repeated`;
  await writeNote(path, `${batch.filename}\n\nbatch ${batch.id}: ${said}\n`);
  log.warn('written-late', `batch ${batch.id}: ${said}`, { batch: batch.id, file: batch.filename, archived: path });
}

async function archivedPath(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<string | null> {
  if (claimed === undefined) return (await findFinished(context, batch)) ?? null;
  const folder = folderOf(context, batch);
  // A file that was retried may lie where it belongs.
  return dirname(claimed.path) === folder ? claimed.path : archive(claimed.path, folder, batch.filename, suffixOf(batch));
}

/** Where the file of a batch that has ended lies in the archive, moved but not marked; undefined where it is not there. */
export async function findFinished(context: Pick<Context, 'settings' | 'database'>, batch: StageBatch): Promise<string | undefined> {
  if (batch.end_date === null) return undefined;
  const found = await findArchived(folderOf(context, batch), batch.filename, suffixOf(batch), batch.file_hash);
  return found !== undefined && !(await isArchivedAt(context.database.reader, found)) ? found : undefined;
}

function folderOf({ settings }: Pick<Context, 'settings'>, batch: StageBatch): string {
  return batch.batch_status === 'Complete' ? processedFolder(settings.archive, batch.end_date!) : rejectedFolder(settings.archive);
}

function suffixOf({ id }: StageBatch): string {
  return `batch ${id}`;
}

function announce({ log }: Context, batch: StageBatch, path: string | null): void {
  const fields = { batch: batch.id, file: batch.filename, status: batch.batch_status, rows: batch.total_count, archived: path };
  if (path === null) {
    log.error('file-lost', `batch ${batch.id}: its file is neither in the inbox's .processing nor in the archive; `
      + 'what it said is in the database, the file itself was taken away', fields);
  }
  if (batch.batch_status === 'Error') log.warn('batch', outcomeLine(batch), fields);
  else log.info('batch', outcomeLine(batch), fields);
}
