import { link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IngestError, fileError, systemCode } from '../errors.js';
import { makeFolder, syncFolder } from './files.js';
import { refusesLinks } from './place.js';

/**
 * Tries in a folder what will be done there: makes it where it is missing, writes, syncs, renames, links, removes.
 * Throws `io` in plain words: the folder, what was tried, what was found, what to do. `purpose` is `inbox`, `archive`;
 * nodes that share a folder try it under names of their own.
 */
export async function probe(folder: string, purpose: string, node?: string): Promise<void> {
  // Always the same names: what a killed start has left is overwritten and removed by the next.
  const name = join(folder, `.scd-inbox-probe${node === undefined ? '' : `-${node}`}.tmp`);
  const further = `${name}.2.tmp`;
  try {
    await step('cannot be made', async () => makeFolder(folder));
    await step('cannot remove', async () => rm(further, { force: true }));
    await step('cannot write', async () => writeSynced(name));
    await step('cannot sync', async () => syncFolder(folder));
    await step('cannot rename', async () => rename(name, further));
    await step('cannot link', async () => linkIfPossible(further, name));
    await step('cannot remove', async () => rm(further));
  } catch (error) {
    const { tried, cause } = error as FailedStep;
    if (cause instanceof IngestError) throw cause;
    const { message, facts } = fileError(`${purpose} folder ${folder}: ${tried}`, cause);
    throw new IngestError('io', `${message}; ${remedyOf(cause)}`, { retryable: true, facts, cause });
  } finally {
    await Promise.allSettled([rm(name, { force: true }), rm(further, { force: true })]);
  }
}

class FailedStep extends Error {
  constructor(readonly tried: string, override readonly cause: unknown) {
    super(tried);
  }
}

async function step(tried: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    throw new FailedStep(tried, error);
  }
}

async function writeSynced(path: string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile('probe');
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** File systems without hard links do: files are renamed or copied there instead. */
async function linkIfPossible(from: string, to: string): Promise<void> {
  await link(from, to).catch((error: unknown) => {
    if (!refusesLinks(error)) throw error;
  });
}

function remedyOf(error: unknown): string {
  return REMEDIES[systemCode(error) ?? ''] ?? 'mend that, or name another folder in the settings';
}

const ACCESS = 'give the user that runs scd-inbox write access to it';
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: ACCESS,
  EPERM: ACCESS,
  EROFS: 'mount it for writing, or name another folder in the settings',
  ENOSPC: 'make room on it (df -h and df -i show where it is full)',
  EDQUOT: 'make room in the quota',
  ENOTDIR: 'name a folder in the settings',
  EEXIST: 'it is a file: name a folder in the settings',
  EIO: 'check the disk and the system log',
  EMFILE: 'raise the limit of open files (LimitNOFILE)',
  ENFILE: 'raise the limit of open files (fs.file-max)',
};
