import { rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileError, makeFolder } from './files.js';
import { sha256 } from './hash.js';
import { candidates, moveWithoutOverwriting } from './move.js';

/** Where a processed file goes: by the month in which its batch was completed. */
export function processedFolder(archive: string, endDate: string): string {
  return resolve(archive, 'processed', endDate.slice(0, 4), endDate.slice(5, 7));
}

/** Where a rejected file goes. */
export function rejectedFolder(archive: string): string {
  return resolve(archive, 'rejected');
}

/** Moves a claimed file into a folder of the archive; returns its path there. The folder of its claim is removed. */
export async function archive(source: string, folder: string, name: string, suffix: string): Promise<string> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw fileError(`archive ${folder}: cannot make the folder`, error);
  }
  const path = await moveWithoutOverwriting(source, folder, name, suffix);
  await rmdir(dirname(source)).catch(() => undefined);
  return path;
}

/**
 * Where a file went that is not in its claim any more: the place in the folder with its bytes under a name that
 * `archive` would have given it. Undefined where there is none.
 */
export async function findArchived(folder: string, name: string, suffix: string, hash: string | null): Promise<string | undefined> {
  let tries = 0;
  for (const candidate of candidates(name, suffix)) {
    // The suffix names the batch: further numbers are only used where people have put files there.
    if ((tries += 1) > 4) return undefined;
    const path = join(folder, candidate);
    if (await sha256(path).catch(() => undefined) === hash) return path;
  }
  return undefined;
}
