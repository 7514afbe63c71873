import { claimNames, listClaims, type Claim } from '../inbox/claim.js';
import { lookAt } from '../inbox/files.js';
import { findClaim, openBatches } from '../store/batches.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { Context } from './context.js';

/** Work that was begun and is not done: a claimed file, a batch whose file is not archived, or both. */
export interface Unfinished {
  readonly claimed: Claim | undefined;
  readonly batch: StageBatch | undefined;
  /** Its file lies where only a dead node reaches it, or nobody yet: what the database can do is done, the file waits. */
  readonly isAway: boolean;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Everything that was interrupted, whatever the place: claimed without a batch, half staged, staged, half applied,
 * applied but not moved, moved but not marked. What is in flight, what is Held, waiting for a person, and what other
 * nodes see to is left out; of `dead` ones and of nobody the database's part is not.
 */
export async function findUnfinished(
  context: Pick<Context, 'database' | 'settings' | 'node'>, isInFlight: (claim: string) => boolean, dead: ReadonlySet<string> = NOBODY,
): Promise<Unfinished[]> {
  const { database, settings, node } = context;
  const claims = await listClaims(settings.inbox, isInFlight, node);
  const unfinished: Unfinished[] = [];
  for (const claimed of claims) unfinished.push({ claimed, batch: await findClaim(database.reader, claimed.token), isAway: false });
  const held = new Set([...claims.map(({ token }) => token), ...await heldByOthers(context)]);
  for (const batch of await openBatches(database.reader)) {
    if (held.has(batch.claim!) || isInFlight(batch.claim!)) continue;
    if (isOf(node, batch)) unfinished.push({ claimed: await retriedFile(batch), batch, isAway: false });
    else if ((batch.owner === null || dead.has(batch.owner)) && isLeftToDecide(batch)) unfinished.push({ claimed: undefined, batch, isAway: true });
  }
  return unfinished.filter(({ batch, isAway }) => batch === undefined || ((isAway || isOf(node, batch)) && !waitsForDecision(batch)));
}

/** What other nodes have claimed in the same inbox. */
async function heldByOthers({ settings, node }: Pick<Context, 'settings' | 'node'>): Promise<string[]> {
  if (node === undefined) return [];
  return (await claimNames(settings.inbox)).filter((name) => name.node !== node).map(({ token }) => token);
}

/** Whether a batch is seen to here: without a node there is nobody else. */
function isOf(node: string | undefined, { owner }: StageBatch): boolean {
  return node === undefined || owner === node;
}

/** Whether the database alone can decide on a batch: its rows are staged. */
function isLeftToDecide({ batch_status: status }: StageBatch): boolean {
  return status === 'Ready' || status === 'Held';
}

/** The file of a batch that is retried is read where it was archived. */
export async function retriedFile({ claim, archived_path: path, filename }: StageBatch): Promise<Claim | undefined> {
  if (path === null || (await lookAt(path))?.isFile() !== true) return undefined;
  return { token: claim!, name: filename, path };
}

function waitsForDecision({ batch_status: status, approved_at: approved, rejected_at: rejected }: StageBatch): boolean {
  return status === 'Held' && approved === null && rejected === null;
}
