import type { BigIntStats } from 'node:fs';
import { IngestError, messageOf } from '../errors.js';
import { failpoint } from '../failpoint.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { addBatch, findBatch, findClaim, lockBatch } from '../store/batches.js';
import { LOOKS_ITSELF } from '../store/database.js';
import { accountsOf, namedBy } from '../store/named.js';
import { dropRows } from '../store/records.js';
import { countAfresh } from '../store/statistics.js';
import type { Claim } from '../inbox/claim.js';
import { isWritten, lookAt } from '../inbox/files.js';
import { hashIfReadable, sha256 } from '../inbox/hash.js';
import { admitBatch, type ReadCounts } from './admit.js';
import { applyBatch, catchUp } from './apply.js';
import { decideAtOnce } from './at-once.js';
import { attempt, beginAttempt, mayPass, sparesFile } from './attempts.js';
import type { Context, DecidingContext } from './context.js';
import { finishBatch } from './finish.js';
import { openBatch } from './open.js';
import { Progress } from './progress.js';
import { refuseBatch, rejectHeld } from './refuse.js';
import { stageFile } from './stage.js';

/**
 * Takes a claimed file all the way: batch, rows, history, archive. Returns its batch as it ended.
 * Throws what may pass (a full disk, a stop): the file stays claimed and is resumed later.
 */
export async function ingestFile(context: Context, found: Claim): Promise<StageBatch> {
  const claimed = { ...found, looked: await lookAt(found.path) };
  const batch = await openedBatch(context, claimed);
  await failpoint('batch-opened');
  return attempt(context, batch.id, sparesFile, async () => goOn(context, batch, claimed));
}

async function openedBatch({ database, node }: Context, { path, name, token }: Claim): Promise<StageBatch> {
  const hash = await hashIfReadable(path);
  return database.write(async (tx) => {
    await expectOurs(node, path);
    if (hash !== null) return openBatch(tx, { filename: name, hash, claim: token, owner: node });
    const known = await findClaim(tx, token);
    if (known !== undefined) return known;
    const { id } = await addBatch(tx, { filename: name, hash, claim: token, owner: node, status: 'In Progress' });
    await refuseBatch(tx, id, 'it may not be read by the user that runs scd-inbox: permission denied; give read access to it and drop it again');
    return (await findBatch(tx, id))!;
  }, LOOKS_ITSELF);
}

/**
 * That a claim has not gone over to another node. Asked within a transaction, for while that lasts nobody can shut this
 * node out and take over; one that was killed between taking the claim and shutting out may have ended its batch by now.
 */
async function expectOurs(node: string | undefined, path: string): Promise<void> {
  if (node === undefined || (await lookAt(path)) !== undefined) return;
  throw new IngestError('vanished', 'it is not in the claim of this node any more; another goes on with it, or it was taken away', { retryable: true });
}

/**
 * Goes on with a batch that was interrupted. `claimed` is its file, undefined where that is not there any more; one that is
 * `isAway` is left to the node that reaches it. Throws `stands-still` for a batch that has interrupted the program
 * too often to be tried again.
 */
export async function resumeBatch(context: Context, batch: StageBatch, claimed: Claim | undefined, isAway = false): Promise<StageBatch> {
  if (batch.batch_status === 'In Progress') return readAgain(context, batch, claimed);
  if (await beginAttempt(context, batch.id)) {
    throw new IngestError('stands-still', batch.error ?? `each of ${context.settings.maxAttempts} attempts to go on with it interrupted the program`);
  }
  return attempt(context, batch.id, () => true, async () => (isAway ? decideBatch(context, batch, undefined) : goOn(context, batch, claimed)));
}

/** What an interrupted attempt left is dropped first: it was never on record. A file that was begun too often is refused. */
async function readAgain(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  if (await beginAttempt(context, batch.id, async (tx) => dropRows(tx, batch.id))) await refuse(context, batch, interruptsAlways(context));
  return attempt(context, batch.id, sparesFile, async () => goOn(context, (await findBatch(context.database.reader, batch.id))!, claimed));
}

function interruptsAlways({ settings }: Context): string {
  return `could not be read in ${settings.maxAttempts} attempts, each of which interrupted the program or its reading thread; `
    + 'the file is set aside. Open it, save it again as .xlsx and drop that';
}

/** Goes on with a batch from wherever it stands, and tells how far it is where that takes long. */
async function goOn(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  const progress = new Progress(context, batch.id);
  try {
    return await seeThrough(progress.counting, batch, claimed);
  } finally {
    progress.stop();
  }
}

async function seeThrough(context: Context, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  return finishBatch(context, await decideBatch(context, batch, claimed), claimed);
}

/** Sees a batch through as far as the database goes: its rows, its verdict and the history. Its file stays where it is. */
export async function decideBatch(context: DecidingContext, batch: StageBatch, claimed: Claim | undefined): Promise<StageBatch> {
  const read = await orRefuse(context, batch, async () => readOf(context, batch, claimed));
  const accounts = read !== undefined && context.lane.isOpen ? await caughtUp(context, batch, read) : undefined;
  const decided = read === undefined ? undefined : await context.lane.together(async () => decideAtOnce(context, batch, read, accounts));
  // The guard looks at chains that say all that is on record: alone, a node admits and applies in one turn.
  return decided ?? context.lane.alone(async () => {
    if (read !== undefined) await orRefuse(context, batch, async () => admit(context, batch, read, accounts));
    await failpoint('admitted');
    return applyIfReady(context, batch.id);
  });
}

/** Several nodes: brings the accounts of a staged batch to what is on record. Returns them. */
async function caughtUp({ database, policy }: DecidingContext, { id }: StageBatch, { named }: ReadCounts): Promise<string[]> {
  await catchUp(database, id, policy);
  return accountsOf(named ?? await namedBy(database.reader, id));
}

/** What is to be admitted: what is read now, or what was held back and is approved; undefined where it is decided. */
async function readOf(context: DecidingContext, batch: StageBatch, claimed: Claim | undefined): Promise<ReadCounts | undefined> {
  if (batch.batch_status === 'In Progress') return stage(context, batch, claimed);
  if (batch.batch_status !== 'Held') return undefined;
  if (batch.rejected_at !== null) await context.database.write(async (tx) => rejectHeld(tx, batch), LOOKS_ITSELF);
  return batch.approved_at === null ? undefined : { sheet: batch.sheet!, rows: batch.total_count, failed: batch.failure_count };
}

async function stage(context: DecidingContext, batch: StageBatch, claimed: Claim | undefined): Promise<ReadCounts> {
  if (claimed === undefined) throw takenAway();
  const before = claimed.looked ?? await lookAnew(batch, claimed);
  const read = await stageFile(context, batch.id, claimed.path, claimed.name);
  const after = await lookAt(claimed.path);
  if (after === undefined) throw takenAway();
  // Some shares number a file anew while it lies there: its bytes tell.
  if (isWritten(before, after) && await sha256(claimed.path) !== batch.file_hash) {
    throw new IngestError('changed', 'somebody wrote to it while it was read, so that rows may be missing; nothing was loaded from it. Drop it again when it is closed');
  }
  await countAfresh(context.database, read.rows);
  for (const notice of read.notices) context.log.info('notice', `batch ${batch.id}  ${batch.filename}: ${notice}`, { batch: batch.id });
  return read;
}

/** What is gone before its rows are admitted is not loaded: nothing is on record whose file nobody has. */
function takenAway(): IngestError {
  return new IngestError('vanished', 'the file was taken away while it was worked on; drop it again');
}

/** A look at a file that an earlier try has hashed: its batch is of those bytes and of no others. */
async function lookAnew(batch: StageBatch, { path }: Claim): Promise<BigIntStats | undefined> {
  const looked = await lookAt(path);
  if (await sha256(path) === batch.file_hash) return looked;
  throw new IngestError('changed', 'somebody wrote to it after it was claimed; nothing was loaded from it. Drop it again when it is closed');
}

async function admit({ database, settings }: DecidingContext, { id, batch_status: listed }: StageBatch, read: ReadCounts, accounts?: readonly string[]): Promise<void> {
  await database.write(async (tx) => {
    // A Held batch may have been deleted since it was listed.
    if ((await lockBatch(tx, id))?.batch_status === listed) await admitBatch(tx, id, read, settings);
  }, LOOKS_ITSELF, accounts);
}

/** Does a step; where the file is to blame that it fails, the batch ends in Error and nothing is returned. */
async function orRefuse<T>(context: DecidingContext, batch: StageBatch, step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    const refusal = refusalOf(context, error);
    if (refusal === undefined) throw error;
    await refuse(context, batch, refusal);
    return undefined;
  }
}

/** Ends a batch in Error, unless somebody has decided on it meanwhile. */
async function refuse({ database }: DecidingContext, batch: StageBatch, reason: string): Promise<void> {
  await database.write(async (tx) => {
    if ((await lockBatch(tx, batch.id))?.batch_status !== batch.batch_status) return;
    // A part of the rows would be no answer; none was ever on record.
    await dropRows(tx, batch.id);
    await refuseBatch(tx, batch.id, reason);
  }, LOOKS_ITSELF);
  await failpoint('refused');
}

/** Why the file itself has to be refused; undefined where the surroundings are to blame and may mend. */
function refusalOf(context: DecidingContext, error: unknown): string | undefined {
  if (context.signal.aborted || mayPass(error)) return undefined;
  if (error instanceof IngestError && error.code !== 'internal') return error.message;
  context.log.error('internal', `internal error: ${messageOf(error)}`, { stack: error instanceof Error ? error.stack : undefined });
  return `internal error: ${messageOf(error)}; the file is set aside, the log has the details`;
}

async function applyIfReady({ database, policy }: DecidingContext, id: number): Promise<StageBatch> {
  const batch = (await findBatch(database.reader, id))!;
  if (batch.batch_status !== 'Ready') return batch;
  await applyBatch(database, id, policy);
  return (await findBatch(database.reader, id))!;
}
