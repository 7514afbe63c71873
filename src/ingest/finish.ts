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

/** A file where it lies, and how it looked before it was read. */
type Lying = Pick<Claim, 'path' | 'looked'>;

/**
 * Moves the file of a batch that has ended into the archive, lays the answer beside it and says in the log what became
 * of it. The outcome is committed before the move; a kill in between is mended by doing this again.
 */
export async function finishBatch(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  if (batch.batch_status === 'Held') await sayHeld(context, batch);
  if (!hasEnded(batch)) return batch;
  const file = claimed ?? await movedFile(context, batch);
  const isLate = file !== undefined && await isWrittenLate(batch, file);
  const path = file === undefined ? null : await archivedPath(context, batch, file);
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
async function isWrittenLate(batch: StageBatch, { path, looked }: Lying): Promise<boolean> {
  if (batch.file_hash === null || !SAYS_LOADED.has(batch.batch_status)) return false;
  const isSuspect = looked === undefined || isWritten(looked, await lookAt(path));
  return isSuspect && await sha256(path) !== batch.file_hash;
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

async function archivedPath(context: Context, batch: StageBatch, { path }: Lying): Promise<string> {
  // A file that was retried, or moved before a kill, may lie where it belongs.
  return foldersOf(context, batch).includes(dirname(path)) ? path : archive(path, foldersOf(context, batch)[0]!, batch.filename, suffixOf(batch));
}

async function movedFile(context: Context, batch: StageBatch): Promise<Lying | undefined> {
  const path = await findFinished(context, batch);
  return path === undefined ? undefined : { path };
}

/** Where the file of a batch that has ended lies in the archive, moved but not marked; undefined where it is not there. */
export async function findFinished(context: Pick<Context, 'settings' | 'database'>, batch: StageBatch): Promise<string | undefined> {
  if (!hasEnded(batch)) return undefined;
  for (const folder of foldersOf(context, batch)) {
    const found = await findArchived(folder, batch.filename, suffixOf(batch), batch.file_hash);
    if (found !== undefined && !(await isArchivedAt(context.database.reader, found))) return found;
  }
  return undefined;
}

function hasEnded({ batch_status: status }: StageBatch): boolean {
  return status !== 'Held' && status !== 'Ready' && status !== 'In Progress';
}

/** Where the file of a batch that has ended belongs; one that was deleted since may have been moved before. */
function foldersOf({ settings }: Pick<Context, 'settings'>, { batch_status: status, end_date: ended }: StageBatch): string[] {
  if (status === 'Complete') return [processedFolder(settings.archive, ended!)];
  const rejected = rejectedFolder(settings.archive);
  return status === 'Deleted' && ended !== null ? [rejected, processedFolder(settings.archive, ended)] : [rejected];
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
