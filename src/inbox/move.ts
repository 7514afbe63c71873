import { constants, copyFile, link, lstat, rm, unlink } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { IngestError, systemCode } from '../errors.js';
import { fileError, syncFile, syncFolder } from './files.js';
import { sha256 } from './hash.js';
import { withSuffix } from './names.js';

/**
 * Moves a file so that it is never gone and nothing is ever overwritten, whatever is killed when: the new name is made
 * beside the old one by a hard link, which fails where the name is taken, and only then the old one goes.
 *
 * Returns the new path: `name` where it is free, else `name (suffix)`, else numbered.
 */
export async function moveWithoutOverwriting(source: string, folder: string, name: string, suffix: string): Promise<string> {
  try {
    const path = await linkFreely(source, folder, name, suffix);
    await syncFolder(folder);
    await unlink(source);
    await syncFolder(dirname(source));
    return path;
  } catch (error) {
    throw fileError(`cannot move ${name} to ${folder}`, error);
  }
}

async function linkFreely(source: string, folder: string, name: string, suffix: string): Promise<string> {
  for (const candidate of candidates(name, suffix)) {
    const path = join(folder, candidate);
    if (await linkOrCopy(source, path)) return path;
  }
  throw new IngestError('io', `folder ${folder}: every name for ${name} is taken`);
}

/** The names that a file may get in a folder, best first. */
export function* candidates(name: string, suffix: string): Generator<string> {
  yield name;
  yield withSuffix(name, suffix);
  for (let number = 2; number < 1_000; number += 1) yield withSuffix(name, `${suffix}, ${number}`);
}

/** Makes `path` the same file as `source`; false where the name is taken by another. */
async function linkOrCopy(source: string, path: string): Promise<boolean> {
  try {
    await link(source, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    // A kill between link and unlink leaves both names: then only the unlinking is left to do.
    if (code === 'EEXIST') return isSameFile(source, path);
    if (code !== undefined && CANNOT_LINK.has(code)) return copy(source, path);
    throw error;
  }
}

/** Other file systems, and those without hard links. */
const CANNOT_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)]);
  return a.ino === b.ino && a.dev === b.dev;
}

async function copy(source: string, path: string): Promise<boolean> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await copyFile(source, part, constants.COPYFILE_EXCL);
    await syncFile(part);
    if (await sha256(part) !== await sha256(source)) throw new IngestError('io', `${path}: the copy differs from the file; nothing was moved`, { retryable: true });
    return await nameCopy(part, path, source);
  } finally {
    await rm(part, { force: true });
  }
}

async function nameCopy(part: string, path: string, source: string): Promise<boolean> {
  try {
    await link(part, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    // The same bytes under the same name: a kill came between this copy and the unlinking of its source.
    if (code === 'EEXIST') return await sha256(path) === await sha256(source);
    if (code === undefined || !CANNOT_LINK.has(code)) throw error;
    return copyExclusively(part, path);
  }
}

async function copyExclusively(part: string, path: string): Promise<boolean> {
  try {
    await copyFile(part, path, constants.COPYFILE_EXCL);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
  await syncFile(path);
  return true;
}
