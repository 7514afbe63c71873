import { rename, rmdir } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileError } from '../errors.js';
import type { Claim } from './claim.js';
import { isSameFile, lookAt, removeFile, syncFolder } from './files.js';
import { candidates, withSuffix } from './names.js';
import { firstFree, linkFreely, refusesLinks } from './place.js';

/** What the name of a file says that came back to an inbox where its own name was taken meanwhile. */
const RETURNED = 'returned';

/**
 * Puts what was claimed back into the inbox, under its name where that is free, and removes its claim. Overwrites
 * nothing; doing it again after a kill ends it. Returns the path in the inbox. Throws `vanished` where it is gone.
 */
export async function release(inbox: string, claim: Claim): Promise<string> {
  try {
    const path = await nameInInbox(inbox, claim);
    await syncFolder(inbox);
    await removeFile(claim.path);
    await syncFolder(dirname(claim.path));
    await rmdir(dirname(claim.path)).catch(() => undefined);
    return path;
  } catch (error) {
    throw fileError(`inbox ${inbox}: cannot put ${claim.name} back`, error, 'vanished');
  }
}

async function nameInInbox(inbox: string, claim: Claim): Promise<string> {
  const claimed = await lookAt(claim.path);
  const returned = await returnedPath(inbox, claim.name, claimed);
  if (returned !== undefined) return returned;
  try {
    return await linkFreely(claim.path, inbox, candidates(claim.name, RETURNED));
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    return renameToUnused(inbox, claim, claimed?.isDirectory() === true);
  }
}

/**
 * The path that a claimed file has in the inbox already, from a release that was killed; undefined where it has none.
 * A better name may have become free meanwhile: with a second one it would be read twice.
 */
export async function returnedPath(inbox: string, name: string, claimed: BigIntStats | undefined): Promise<string | undefined> {
  if (claimed === undefined || claimed.nlink === 1n) return undefined;
  for (const candidate of candidates(name, RETURNED)) {
    const path = join(inbox, candidate);
    const found = await lookAt(path);
    if (isSameFile(found, claimed)) return path;
    if (found === undefined && candidate !== name) return undefined;
  }
  return undefined;
}

/**
 * For what cannot be linked. Renaming replaces a file of the same name, and others write into the inbox at any time:
 * a file gets a name that nobody else comes up with. A folder cannot replace a file, and keeps its own.
 */
async function renameToUnused(inbox: string, { token, name, path }: Claim, isFolder: boolean): Promise<string> {
  const names = candidates(isFolder ? name : withSuffix(name, `${RETURNED} ${token}`), RETURNED);
  return firstFree(inbox, names, async (unused) => {
    if ((await lookAt(unused)) !== undefined) return false;
    await rename(path, unused);
    return true;
  });
}
