import { listClaims, type Claim } from '../inbox/claim.js';
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
    if (!tokens.has(batch.claim!) && !isInFlight(batch.claim!)) unfinished.push({ claimed: undefined, batch });
  }
  return unfinished.filter(({ batch }) => batch?.batch_status !== 'Held');
}
