import { open } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IngestError, messageOf, systemCode } from '../errors.js';

/** Makes what happened to a folder's entries outlast a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file's bytes outlast a power loss. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder with those above it, durably. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first !== undefined) await syncFolder(dirname(first));
}

/** An error of the file system for people; `what` says what was tried: `archive a.xlsx: cannot move it`. */
export function fileError(what: string, error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  const code = systemCode(error) ?? '';
  const reason = REASONS[code] ?? messageOf(error);
  return new IngestError(code === 'ENOENT' ? 'vanished' : 'io', `${what}: ${reason}`, { retryable: true, cause: error, facts: { code } });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ENOENT: 'it is not there any more',
  EIO: 'the disk reported an error',
  ENOTDIR: 'a part of the path is no folder',
};
