import { listClaims, type Claim } from '../inbox/claim.js';
import { lookAt } from '../inbox/files.js';
import { findClaim, openBatches } from '../store/batches.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import type { Context } from './context.js';

/** Work that was begun and is not done: a claimed file, a batch whose file is not archived, or both. */
export interface Unfinished {
  readonly claimed: Claim | undefined;
  readonly batch: StageBatch | undefined;
}

/**
 * Everything that was interrupted, whatever the place: claimed without a batch, half staged, staged, half applied,
 * applied but not moved, moved but not marked. What is in flight and what is Held, waiting for a person, is left out.
 */
export async function findUnfinished(
  { database, settings }: Pick<Context, 'database' | 'settings'>, isInFlight: (claim: string) => boolean,
): Promise<Unfinished[]> {
  const claims = await listClaims(settings.inbox, isInFlight);
  const unfinished: Unfinished[] = [];
  for (const claimed of claims) unfinished.push({ claimed, batch: await findClaim(database.reader, claimed.token) });
  const tokens = new Set(claims.map(({ token }) => token));
  for (const batch of await openBatches(database.reader)) {
    if (!tokens.has(batch.claim!) && !isInFlight(batch.claim!)) unfinished.push({ claimed: await retriedFile(batch), batch });
  }
  return unfinished.filter(({ batch }) => batch === undefined || !waitsForDecision(batch));
}

/** The file of a batch that is retried is read where it was archived. */
async function retriedFile({ claim, archived_path: path, filename }: StageBatch): Promise<Claim | undefined> {
  if (path === null || (await lookAt(path))?.isFile() !== true) return undefined;
  return { token: claim!, name: filename, path };
}

function waitsForDecision({ batch_status: status, approved_at: approved, rejected_at: rejected }: StageBatch): boolean {
  return status === 'Held' && approved === null && rejected === null;
}
