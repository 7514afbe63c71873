import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { instant } from '../clock.js';
import type { Settings } from '../config/settings.js';
import { IngestError, messageOf } from '../errors.js';
import { sha256 } from '../inbox/hash.js';
import type { Log } from '../log.js';
import { markArchived } from '../store/batches.js';
import { lastInstant } from '../store/changes.js';
import type { Database } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { actionsByAccount, failedRows, type AccountActions, type FailedRow } from '../store/questions.js';
import { rehearse, type Store } from '../store/rehearsal.js';
import type { ReadSummary, RowChunk, WorkbookReader } from '../workbook/reader.js';
import { adoptPolicy } from './adopt-policy.js';
import type { DecidingContext } from './context.js';
import { resumeDeletions } from './delete.js';
import { foresee, type Foreseen } from './foresee.js';
import { decideBatch } from './ingest.js';
import { Lane } from './lane.js';
import { openBatch } from './open.js';

/**
 * What would happen if files were dropped one after another. They are taken in for real, by the same verbs, in one
 * transaction that is taken back: a scratch database would have to copy all that the verdicts depend on. The price is
 * that other writers wait meanwhile, so the files are read before, into memory.
 */

/** What would become of a file. */
export interface PlannedFile {
  readonly batch: StageBatch;
  readonly failed: readonly FailedRow[];
  readonly actions: readonly AccountActions[];
}

export interface Plan extends Foreseen {
  readonly files: readonly PlannedFile[];
  /** How many accounts would be derived anew first, because the settings have another policy than the database. */
  readonly rederived: number;
}

interface PlanContext {
  readonly settings: Settings;
  readonly database: Database;
  readonly reader: Pick<WorkbookReader, 'read'>;
  readonly log: Log;
}

/** Plans files in the order given; whole chains are kept of up to `limit` items. Refuses a file that cannot be opened. */
export async function planFiles(context: PlanContext, paths: readonly string[], limit: number): Promise<Plan> {
  const read: FileRead[] = [];
  for (const path of paths) read.push(await readAhead(context, path));
  const { database, settings, log } = context;
  return rehearse(database, async (store) => {
    const { policy, accounts: rederived } = await adoptPolicy(store, settings);
    await resumeDeletions(store);
    const beginning = await store.write(async (tx) => ({ lastChange: await lastInstant(tx), now: instant(tx.now()) }));
    const files: PlannedFile[] = [];
    for (const file of read) {
      const deciding = { settings, log, policy, database: store, reader: replayOf(file), lane: new Lane(), signal: NEVER, pardoned: new Set<number>() };
      files.push(await planFile(deciding, file));
    }
    return { files, rederived, ...(await foresee(database.reader, store.reader, beginning, limit)) };
  });
}

const NEVER = new AbortController().signal;

/** A file as its reader gave it. */
interface FileRead {
  readonly name: string;
  readonly path: string;
  readonly hash: string;
  readonly chunks: readonly RowChunk[];
  readonly end: { readonly summary: ReadSummary } | { readonly failure: unknown };
}

async function readAhead({ reader, settings }: PlanContext, path: string): Promise<FileRead> {
  const hash = await sha256(path).catch((error: unknown) => {
    throw new IngestError('usage', `${path}: cannot be read (${messageOf(error)})`, { cause: error });
  });
  const chunks: RowChunk[] = [];
  const end = await reader.read(path, settings, async (chunk) => void chunks.push(chunk)).then((summary) => ({ summary }), (failure: unknown) => ({ failure }));
  return { name: basename(path), path, hash, chunks, end };
}

function replayOf({ chunks, end }: FileRead): Pick<WorkbookReader, 'read'> {
  return {
    read: async (_path, _settings, onChunk) => {
      for (const chunk of chunks) await onChunk(chunk);
      if ('failure' in end) throw end.failure;
      return end.summary;
    },
  };
}

async function planFile(context: DecidingContext, { name, path, hash }: FileRead): Promise<PlannedFile> {
  const token = randomUUID();
  const opened = await context.database.write(async (tx) => openBatch(tx, { filename: name, hash, claim: token }));
  const batch = await decideBatch(context, opened, { token, name, path });
  await releaseFile(context.database, batch);
  const { reader } = context.database;
  return { batch, failed: await failedRows(reader, batch.id), actions: await actionsByAccount(reader, batch.id) };
}

/** A file that has ended leaves its claim, so that the same content dropped again is a retry. */
async function releaseFile(store: Store, { id, batch_status: status }: StageBatch): Promise<void> {
  if (status !== 'Held') await store.write(async (tx) => markArchived(tx, id, null));
}
