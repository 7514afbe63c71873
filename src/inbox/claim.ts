import { lstat, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.js';
import { fileError, makeFolder, syncFolder } from './files.js';
import { moveWithoutOverwriting } from './move.js';
import type { Seen } from './scan.js';

/** A file in `.processing`, in the folder named by its claim. */
export interface Claim {
  readonly token: string;
  readonly name: string;
  readonly path: string;
}

const PROCESSING = '.processing';

/**
 * Claims a settled file by renaming it to `.processing/TOKEN/NAME`: the folder keeps its own name whatever happens.
 * Returns its new path, or undefined where somebody else won or it has changed since it settled and was put back.
 */
export async function claim(inbox: string, seen: Seen, token: string): Promise<string | undefined> {
  const folder = await makeClaim(inbox, token);
  const path = join(folder, seen.name);
  try {
    await rename(seen.path, path);
  } catch (error) {
    await rmdir(folder).catch(() => undefined);
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(`inbox ${inbox}: cannot claim ${seen.name}`, error);
  }
  await syncFolder(folder);
  await syncFolder(inbox);
  if (await isAsSeen(path, seen)) return path;
  await moveWithoutOverwriting(path, inbox, seen.name, 'changed while it was claimed');
  await rmdir(folder).catch(() => undefined);
  return undefined;
}

/** Makes the folder of a claim. */
export async function makeClaim(inbox: string, token: string): Promise<string> {
  const processing = join(inbox, PROCESSING);
  const folder = join(processing, token);
  try {
    await makeFolder(processing);
    await mkdir(folder);
    await syncFolder(processing);
  } catch (error) {
    throw fileError(`inbox ${inbox}: cannot make the folder ${PROCESSING}/${token} in it`, error);
  }
  return folder;
}

/** What lies in `.processing`. Empty folders are left by a kill before a claim or behind a move; they are removed. */
export async function listClaims(inbox: string, isInUse: (token: string) => boolean = () => false): Promise<Claim[]> {
  const processing = join(inbox, PROCESSING);
  const claims: Claim[] = [];
  for (const token of (await namesIn(processing)).sort()) {
    if (isInUse(token)) continue;
    const [name] = await namesIn(join(processing, token));
    if (name === undefined) await rmdir(join(processing, token)).catch(() => undefined);
    else claims.push({ token, name, path: join(processing, token, name) });
  }
  return claims;
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
  const stats = await lstat(path);
  return stats.isFile() && stats.ino === seen.inode && stats.size === seen.size && stats.mtimeMs === seen.mtimeMs;
}
