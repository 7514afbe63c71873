import { link, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import { isSameFile, lookAt } from './files.js';

/**
 * Giving a file a name in a folder without ever overwriting another. Node has no "rename unless taken"; a hard link is
 * one: it fails where the name is taken.
 */

/**
 * Gives a file a further name: the first that is free, or that it has already (a kill came before its old name was
 * removed). Throws what the system says, `refusesLinks` tells of that.
 */
export async function linkFreely(source: string, folder: string, names: Iterable<string>): Promise<string> {
  return firstFree(folder, names, async (path) => {
    if (await takes(async () => link(source, path))) return true;
    return isSameFile(await lookAt(source), await lookAt(path));
  });
}

/**
 * Gives a part file of ours its visible name, the first of `names()` that is free. Where the file system has links it
 * keeps the hidden one, too; where it has none, a kill within may leave an empty file under the visible name.
 */
export async function placePart(part: string, folder: string, names: () => Iterable<string>): Promise<string> {
  try {
    return await linkFreely(part, folder, names());
  } catch (error) {
    if (!refusesLinks(error)) throw error;
    const path = await firstFree(folder, names(), async (free) => takes(async () => writeFile(free, '', { flag: 'wx' })));
    // The empty file that took the name is ours: it may be replaced.
    await rename(part, path);
    return path;
  }
}

/**
 * Whether an error says that this file cannot be linked here: a file system without hard links, too many of them, or
 * a file of another user (the kernel's `protected_hardlinks`). Another file system (EXDEV) is not meant.
 */
export function refusesLinks(error: unknown): boolean {
  return REFUSALS.has(systemCode(error));
}

const REFUSALS: ReadonlySet<string | undefined> = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** The path of the first of the names that `take` takes: it tells whether it could. */
export async function firstFree(folder: string, names: Iterable<string>, take: (path: string) => Promise<boolean>): Promise<string> {
  for (const name of names) {
    const path = join(folder, name);
    if (await take(path)) return path;
  }
  throw new Error(`every name in ${folder} is taken`);
}

async function takes(take: () => Promise<void>): Promise<boolean> {
  try {
    await take();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}
