import { rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { IngestError, fileError } from '../errors.js';
import { PROCESSING } from './claim.js';
import { lookAt, makeFolder, removeFile } from './files.js';
import { hashIfReadable, sha256 } from './hash.js';
import { movePart, moveWithoutOverwriting } from './move.js';
import { candidates } from './names.js';

/** Where a processed file goes: by the month in which its batch was completed, `archive/processed/YYYY/MM`. */
export function processedFolder(archive: string, endDate: string): string {
  const [, year, month] = /^(\d{4})-(\d{2})-/u.exec(endDate) ?? [];
  if (year === undefined || month === undefined) throw new IngestError('internal', `expected a date YYYY-MM-DD, found ${endDate}`);
  return resolve(archive, 'processed', year, month);
}

/** Where a rejected file goes. */
export function rejectedFolder(archive: string): string {
  return resolve(archive, 'rejected');
}

/**
 * Moves a claimed file into a folder of the archive, durably, and removes the folder of its claim. `suffix` names the
 * batch. Returns its path there; throws as `moveWithoutOverwriting` does. Doing it again after a kill ends it.
 */
export async function archive(source: string, folder: string, name: string, suffix: string): Promise<string> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw fileError(`archive ${folder}: cannot make the folder`, error);
  }
  const path = await moveWithoutOverwriting(source, folder, name, suffix);
  if (basename(dirname(dirname(source))) === PROCESSING) await rmdir(dirname(source)).catch(() => undefined);
  return path;
}

/**
 * Where a file went that is not in its claim any more: the place in the folder with its bytes under a name that
 * `archive` would have given it. Names with the suffix come first: under the plain one may lie another batch's file of
 * the same bytes. They are of this file alone: where no bytes match, the latest is it, written to since. Undefined where
 * there is none; a file that cannot be read throws, for it may be the one. A null hash is that of one that never could be.
 */
export async function findArchived(folder: string, name: string, suffix: string, hash: string | null): Promise<string | undefined> {
  const own = await suffixedFiles(folder, name, suffix);
  const found = await firstWith(hash, [...own, join(folder, name)]) ?? own.at(-1);
  if (found !== undefined) await removeFile(movePart(folder, name, suffix));
  return found;
}

async function firstWith(hash: string | null, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    if ((await lookAt(path))?.isFile() === true && (hash === null ? await hashIfReadable(path) : await sha256(path)) === hash) return path;
  }
  return undefined;
}

async function suffixedFiles(folder: string, name: string, suffix: string): Promise<string[]> {
  const paths: string[] = [];
  for (const candidate of candidates(name, suffix)) {
    const path = join(folder, candidate);
    if (candidate === name) continue;
    const found = await lookAt(path);
    if (found === undefined) break;
    if (found.isFile()) paths.push(path);
  }
  return paths;
}
