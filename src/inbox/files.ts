import { createHash } from 'node:crypto';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileError, systemCode } from '../errors.js';
import { syncFolderNow, syncPath } from '../sync.js';

/** The latest sync of a folder that was asked for. Once it has begun, it need not hold what is done from then on. */
interface Sync {
  isBegun: boolean;
  ended: Promise<void>;
}

const syncs = new Map<string, Sync>();

/** Makes what happened to a folder's entries outlast a power loss. Those who ask while a sync goes on share the next. */
export async function syncFolder(folder: string): Promise<void> {
  const latest = syncs.get(folder);
  if (latest?.isBegun === false) return latest.ended;
  const sync: Sync = { isBegun: false, ended: Promise.resolve() };
  syncs.set(folder, sync);
  sync.ended = syncBehind(latest, sync, folder);
  return sync.ended;
}

async function syncBehind(earlier: Sync | undefined, sync: Sync, folder: string): Promise<void> {
  try {
    await earlier?.ended.catch(() => undefined);
    sync.isBegun = true;
    await syncFolderNow(folder);
  } finally {
    if (syncs.get(folder) === sync) syncs.delete(folder);
  }
}

/** Makes a file's bytes outlast a power loss. */
export async function syncFile(path: string): Promise<void> {
  await syncPath(path);
}

/** Creates a folder with those above it, durably: each is synced into the one above. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true }).catch(async (error: unknown) => {
    // Of a read-only file system Node says ENOENT here; making the first folder that is missing says what is wrong.
    if (systemCode(error) === 'ENOENT') await mkdir(await highestMissing(folder));
    throw error;
  });
  if (first === undefined) return;
  const highest = dirname(resolve(first));
  for (let at = dirname(resolve(folder)); at.length >= highest.length; at = dirname(at)) {
    await syncFolder(at);
    if (at === dirname(at)) return;
  }
}

async function highestMissing(folder: string): Promise<string> {
  const above = dirname(resolve(folder));
  return (await lookAt(above)) === undefined ? highestMissing(above) : folder;
}

/** A hidden name for a file that is not whole yet. The same key gives the same name, so that a later try clears up. */
export function partPath(folder: string, key: string): string {
  return join(folder, `.${createHash('sha256').update(key).digest('hex').slice(0, 24)}.part`);
}

/** The stats of whatever has this name, a link itself; undefined where nothing has. Inodes may pass 2^53: exact numbers. Throws `io`. */
export async function lookAt(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(`cannot look at ${path}`, error);
  }
}

/** Removes a file that may be gone already. Node's own `rm` looks twice before it does: thousands of files feel it. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Whether two names are of one file. */
export function isSameFile(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/** Whether a file was written to between two looks, or another put in its place; one that is gone says nothing of that. */
export function isWritten(before: BigIntStats | undefined, after: BigIntStats | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return !isSameFile(before, after) || before.size !== after.size || before.mtimeNs !== after.mtimeNs;
}
