import { rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Claim } from './claim.js';
import { fileError, lookAt, removeFile, syncFolder } from './files.js';
import { candidates, withSuffix } from './names.js';
import { linkFreely, refusesLinks } from './place.js';

/** What the name of a file says that came back to an inbox where its own name was taken meanwhile. */
export const RETURNED = 'returned';

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
  try {
    return await linkFreely(claim.path, inbox, candidates(claim.name, RETURNED));
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    return renameToUnused(inbox, claim);
  }
}

/**
 * For what cannot be linked. Renaming replaces a file of the same name, and others write into the inbox at any time:
 * a file gets a name that nobody else comes up with. A folder cannot replace a file, and keeps its own.
 */
async function renameToUnused(inbox: string, { token, name, path }: Claim): Promise<string> {
  const isFolder = (await lookAt(path))?.isDirectory() ?? false;
  for (const candidate of candidates(isFolder ? name : withSuffix(name, `${RETURNED} ${token}`), RETURNED)) {
    const unused = join(inbox, candidate);
    if ((await lookAt(unused)) !== undefined) continue;
    await rename(path, unused);
    return unused;
  }
  throw new Error(`every name in ${inbox} is taken`);
}
