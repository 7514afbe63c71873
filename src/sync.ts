import { open, type FileHandle } from 'node:fs/promises';
import { IngestError, printable, systemCode } from './errors.js';

/**
 * Makes what was written to a file outlast a power loss. Throws `disk` where the disk fails: the system then forgets
 * what it could not write and says "done" to a second sync, so there must be none.
 */
export async function syncHandle(handle: FileHandle, path: string): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (systemCode(error) !== 'EIO') throw error;
    throw new IngestError('disk', printable(`${path}: the disk reported an error when it was to be synced; what was written to it is not safe. `
      + 'Check the disk and the system log, then start again'), { cause: error, facts: { code: 'EIO' } });
  }
}

/** The same for what lies at a path. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await syncHandle(handle, path);
  } finally {
    await handle.close();
  }
}

/** The same for a folder's entries, where its file system can. */
export async function syncFolderNow(folder: string): Promise<void> {
  await syncPath(folder).catch((error: unknown) => {
    if (!CANNOT_SYNC.has(systemCode(error) ?? '')) throw error;
  });
}

/** What file systems without a sync of folders (FUSE, SMB) say to it; there is nothing better to be had there. */
const CANNOT_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
