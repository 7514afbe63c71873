import { claimNames, passOn } from '../inbox/claim.js';
import type { ClaimName } from '../inbox/claim-name.js';
import { failpoint } from '../failpoint.js';
import { openBatches, passBatchesOn, takeUnowned } from '../store/batches.js';
import { LOOKS_ITSELF } from '../store/database.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { deadNodes, shutOut } from '../store/leases.js';
import type { Context } from './context.js';
import { findFinished } from './finish.js';
import { retriedFile } from './recover.js';

/**
 * Taking over what a dead node has left. Its epoch is raised first: whatever it still writes, should it only have slept,
 * is refused. Then its claims in an inbox that is shared go over by the renaming of their folders, and with them their
 * batches. What only the dead node reaches waits for it.
 *
 * A kill between the renaming and the commit leaves a folder of ours with a batch of theirs: while they are dead it is
 * taken over as before, once they are back they get it back.
 */

/** Takes over whatever can be reached of dead nodes and of nobody. Returns the names of the dead. */
export async function takeOver(context: Context & { readonly node: string }): Promise<ReadonlySet<string>> {
  const { database, settings, node } = context;
  const dead = await deadNodes(database.reader, node, settings.leaseSeconds * 1000);
  const names = await claimNames(settings.inbox);
  const open = await openBatches(database.reader);
  await takeUnownedInReach(context, names, open);
  const batches = open.filter(({ owner }) => owner !== null && owner !== node);
  const strays = straysOf(node, names, batches);
  for (const stray of strays) if (!dead.includes(stray.owner!)) await passOn(settings.inbox, { node, token: stray.claim! }, stray.owner!);
  for (const name of dead) {
    const reached = new Set(names.filter((claimed) => claimed.node === name).map(({ token }) => token));
    for (const stray of strays) if (stray.owner === name) reached.add(stray.claim!);
    for (const batch of batches) if (batch.owner === name && !reached.has(batch.claim!) && await isInArchive(context, batch)) reached.add(batch.claim!);
    if (reached.size > 0) await takeOverFrom(context, name, [...reached]);
  }
  return new Set(dead);
}

/** A history that was kept by one program alone, and copied, has batches of nobody: they go to who has their files at hand. */
async function takeUnownedInReach(
  context: Context & { readonly node: string }, names: readonly ClaimName[], open: readonly StageBatch[],
): Promise<void> {
  const { database, node } = context;
  const ours = new Set(names.filter((claimed) => claimed.node === undefined || claimed.node === node).map(({ token }) => token));
  const reached: string[] = [];
  for (const batch of open) if (batch.owner === null && (ours.has(batch.claim!) || await isInArchive(context, batch))) reached.push(batch.claim!);
  if (reached.length > 0) await database.write(async (tx) => takeUnowned(tx, node, reached), LOOKS_ITSELF);
}

/** Batches of others whose folder bears our name. */
function straysOf(node: string, names: readonly ClaimName[], batches: readonly StageBatch[]): StageBatch[] {
  const ours = new Set(names.filter((claimed) => claimed.node === node).map(({ token }) => token));
  return batches.filter(({ claim }) => ours.has(claim!));
}

/** Whether what is left to do is in reach without a claim: a retried file lies in the archive, or a moved one is to be marked. */
async function isInArchive(context: Context, batch: StageBatch): Promise<boolean> {
  return (await retriedFile(batch)) !== undefined || (await findFinished(context, batch)) !== undefined;
}

async function takeOverFrom({ database, settings, log, node }: Context & { readonly node: string }, dead: string, tokens: readonly string[]): Promise<void> {
  const isDone = await database.write(async (tx) => {
    if (!(await shutOut(tx, dead))) return false;
    // In the transaction, for until it ends the node cannot come back; done again it finds the folders renamed.
    for (const token of tokens) await passOn(settings.inbox, { node: dead, token }, node);
    await failpoint('claims-passed-on');
    await passBatchesOn(tx, dead, node, tokens);
    return true;
  }, LOOKS_ITSELF);
  if (isDone) log.warn('take-over', `node ${dead} was not heard of for longer than its lease: ${tokens.length} of its files are taken over`, { node: dead, files: tokens.length });
}
