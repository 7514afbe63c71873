import { lstat, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, systemCode } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { copyWhole } from './copy.js';
import { isSameFile, lookAt, partPath, removeFile, syncFolder } from './files.js';
import { sha256 } from './hash.js';
import { candidates } from './names.js';
import { linkFreely, placePart, refusesLinks } from './place.js';

/**
 * A move has three ways, by what the file system allows:
 *
 *   link     the new name is made beside the old one, then the old one goes
 *   rename   where the file may not be linked: an empty file of ours takes the name, the rename replaces it
 *   copy     from another file system: a hidden part file gets the bytes and is linked, then the source goes
 *
 * Each can be killed anywhere and done again. What was begun is recognised by inodes: the new name is the source
 * itself, or it is the part file, whose hidden name goes last and is the same for every try of this move.
 */

/** Where a move leads: the folder, the names in it, best first, and the hidden part file of this move alone. */
interface Target {
  readonly folder: string;
  readonly part: string;
  readonly names: () => Iterable<string>;
}

/**
 * Moves a file so that it is never gone and nothing is ever overwritten, whatever is killed when. `suffix` must be of
 * this move alone (`batch 12`). Doing it again after a kill ends it and leaves the file in one place; where it was copied to a
 * file system without links, a kill right behind its visible name may leave a second copy there, for nothing proves the first
 * to be its own.
 *
 * Returns the new path: `name` where it is free, else `name (suffix)`, else numbered. Throws `vanished` where the
 * source is gone, `changed` where it is written to while it is copied, else `io`; the source is then still there.
 */
export async function moveWithoutOverwriting(source: string, folder: string, name: string, suffix: string): Promise<string> {
  const target = { folder, part: movePart(folder, name, suffix), names: () => candidates(name, suffix) };
  try {
    return (await endEarlierTry(source, target)) ?? (await moveAnew(source, target));
  } catch (error) {
    const isGone = systemCode(error) === 'ENOENT' && (await lookAt(source).catch(() => null)) === undefined;
    throw fileError(`cannot move ${name} to ${folder}`, error, isGone ? 'vanished' : 'io');
  }
}

/** The hidden part file of a move. One that is found once the source is gone is litter: the file has its own name. */
export function movePart(folder: string, name: string, suffix: string): string {
  return partPath(folder, `${name}\0${suffix}`);
}

/** Ends what an earlier try began, if it got as far as a new name; else clears its rest away. */
async function endEarlierTry(source: string, target: Target): Promise<string | undefined> {
  const file = await lstat(source, { bigint: true });
  const part = await lookAt(target.part);
  for (const { path, isOwnName } of await takenNames(target)) {
    const taken = await lookAt(path);
    if (isSameFile(taken, file)) return dropSource(source, path, target);
    const isPart = isSameFile(taken, part);
    // A name with the suffix is given to this file alone: the part file need not vouch for it.
    if ((isPart || isOwnName) && await hasSameBytes(path, source)) return dropSource(source, path, target);
    // An empty part file only kept the name.
    if (isPart && part!.size === 0n) await unlink(path);
  }
  if (part !== undefined) await unlink(target.part);
  return undefined;
}

async function takenNames({ folder, names }: Target): Promise<{ path: string; isOwnName: boolean }[]> {
  const taken = [];
  let isOwnName = false;
  for (const name of names()) {
    const path = join(folder, name);
    const isTaken = (await lookAt(path)) !== undefined;
    if (isTaken) taken.push({ path, isOwnName });
    else if (isOwnName) break;
    isOwnName = true;
  }
  return taken;
}

async function hasSameBytes(path: string, source: string): Promise<boolean> {
  const [one, other] = [await lookAt(path), await lookAt(source)];
  if (!one?.isFile() || one.size !== other?.size) return false;
  return one.size === 0n || await sha256(path) === await sha256(source);
}

async function moveAnew(source: string, target: Target): Promise<string> {
  return dropSource(source, await newName(source, target), target);
}

async function newName(source: string, target: Target): Promise<string> {
  try {
    return await linkFreely(source, target.folder, target.names());
  } catch (error) {
    if (systemCode(error) === 'EXDEV') return newNameByCopy(source, target);
    if (refusesLinks(error)) return newNameByRename(source, target);
    throw error;
  }
}

async function newNameByCopy(source: string, { folder, part, names }: Target): Promise<string> {
  await copyWhole(source, part);
  await failpoint('archive-copied');
  return placePart(part, folder, names);
}

async function newNameByRename(source: string, target: Target): Promise<string> {
  await writeFile(target.part, '', { flag: 'wx' });
  const path = await placePart(target.part, target.folder, target.names);
  try {
    await rename(source, path);
  } catch (error) {
    await Promise.all([unlink(path), removeFile(target.part)]);
    throw error;
  }
  return path;
}

/** The end of every way: the new name is made to last before the old one goes. */
async function dropSource(source: string, path: string, { folder, part }: Target): Promise<string> {
  await failpoint('archive-linked');
  await syncFolder(folder);
  await failpoint('archive-synced');
  await removeFile(source);
  await failpoint('archive-unlinked');
  await syncFolder(dirname(source));
  await removeFile(part);
  return path;
}
