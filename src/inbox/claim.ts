import { lstat, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BigIntStats, Stats } from 'node:fs';
import { fileError, systemCode } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { claimName, parseClaimName, type ClaimName } from './claim-name.js';
import { lookAt, makeFolder, syncFile, syncFolder } from './files.js';
import { release, returnedPath } from './release.js';
import type { Seen } from './scan.js';

/** A file in `.processing`, in the folder named by its claim. */
export interface Claim {
  readonly token: string;
  readonly name: string;
  readonly path: string;
  /** How it looked before its bytes were hashed; undefined where an earlier try has hashed them. */
  readonly looked?: BigIntStats | undefined;
}

/** The folder in the inbox that holds the claims. */
export const PROCESSING = '.processing';

/**
 * Claims a settled file by renaming it to `.processing/TOKEN/NAME`: a folder for each, so that the file keeps its own
 * name whatever is killed when. `token` must be new; a `node` that shares the inbox with others puts its name before it.
 *
 * Returns its new path, durably; undefined where somebody else won, or where it has changed since it settled and is
 * left in the inbox. Throws `io`; a file that is claimed by then is in `listClaims`.
 */
export async function claim(inbox: string, seen: Seen, token: string, node?: string): Promise<string | undefined> {
  try {
    // A writer who is still at it need not see the file go and come back.
    if (!(await isAsSeen(seen.path, seen))) return undefined;
    const path = await renameInto(await makeClaim(inbox, token, node), seen);
    if (path === undefined) return undefined;
    if (await isAsSeen(path, seen)) return await keep(path, inbox);
    await release(inbox, { token, name: seen.name, path });
    return undefined;
  } catch (error) {
    throw fileError(`inbox ${inbox}: cannot claim ${seen.name}`, error);
  }
}

/** Makes the folder of a claim. */
export async function makeClaim(inbox: string, token: string, node?: string): Promise<string> {
  const processing = join(inbox, PROCESSING);
  const folder = join(processing, claimName({ node, token }));
  try {
    await makeFolder(processing);
    await mkdir(folder);
    await syncFolder(processing);
    await failpoint('claim-folder-made');
  } catch (error) {
    throw fileError(`inbox ${inbox}: cannot make the folder ${PROCESSING}/${token} in it`, error);
  }
  return folder;
}

async function renameInto(folder: string, seen: Seen): Promise<string | undefined> {
  const path = join(folder, seen.name);
  try {
    await rename(seen.path, path);
    await failpoint('claim-renamed');
    return path;
  } catch (error) {
    await rmdir(folder).catch(() => undefined);
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes a claim last. The bytes, too: whoever dropped the file may not have synced it, and its batch will be. */
async function keep(path: string, inbox: string): Promise<string> {
  await syncFile(path).catch((error: unknown) => {
    // A file that may not be read is refused by its reader, which can say so to its sender.
    if (systemCode(error) !== 'EACCES') throw error;
  });
  await syncFolder(dirname(path));
  await syncFolder(inbox);
  await failpoint('claimed');
  return path;
}

/**
 * What lies in `.processing`, by token; of a `node` that shares the inbox with others, what it holds and what nobody does.
 * Mends what a kill left: empty folders (before a claim or behind a move) are removed, a file that was being put back
 * into the inbox is put back.
 */
export async function listClaims(inbox: string, isInUse: (token: string) => boolean = () => false, node?: string): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const name of await claimNames(inbox)) {
    if (isInUse(name.token) || (node !== undefined && name.node !== undefined && name.node !== node)) continue;
    if (node === undefined || name.node === node || await passOn(inbox, name, node)) {
      claims.push(...await claimsIn(inbox, { node: node === undefined ? name.node : node, token: name.token }));
    }
  }
  return claims;
}

/** Who holds what: the names of the folders in `.processing`, by token. */
export async function claimNames(inbox: string): Promise<ClaimName[]> {
  return (await namesIn(join(inbox, PROCESSING))).map(parseClaimName).sort((one, other) => (one.token < other.token ? -1 : 1));
}

/** Gives a claim to another node. Returns false where it has gone meanwhile. */
export async function passOn(inbox: string, from: ClaimName, node: string): Promise<boolean> {
  const processing = join(inbox, PROCESSING);
  try {
    await rename(join(processing, claimName(from)), join(processing, claimName({ ...from, node })));
    await syncFolder(processing);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw fileError(`inbox ${inbox}: cannot pass ${PROCESSING}/${claimName(from)} on to ${node}`, error);
  }
}

async function claimsIn(inbox: string, claimed: ClaimName): Promise<Claim[]> {
  const folder = join(inbox, PROCESSING, claimName(claimed));
  const claims: Claim[] = [];
  for (const name of await namesIn(folder)) {
    const found = { token: claimed.token, name, path: join(folder, name) };
    if (await isBeingReleased(inbox, found)) await release(inbox, found);
    else claims.push(found);
  }
  // Refused where anything is in it.
  await rmdir(folder).catch(() => undefined);
  return claims;
}

/** Only files are claimed for good; and a file that has a name in the inbox again was being put back. */
async function isBeingReleased(inbox: string, { name, path }: Claim): Promise<boolean> {
  const claimed = await lookAt(path);
  if (claimed === undefined) return false;
  return !claimed.isFile() || (await returnedPath(inbox, name, claimed)) !== undefined;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw fileError(`folder ${folder}: cannot look into it`, error);
  }
}

async function isAsSeen(path: string, seen: Seen): Promise<boolean> {
  let stats: Stats;
  try {
    stats = await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  return stats.isFile() && stats.ino === seen.inode && stats.size === seen.size && stats.mtimeMs === seen.mtimeMs;
}
