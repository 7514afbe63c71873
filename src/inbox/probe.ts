import { randomUUID } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IngestError } from '../errors.js';
import { fileError, makeFolder, syncFile, syncFolder } from './files.js';

/** Tries in a folder what will be done there; refuses in plain words. `purpose` is `inbox` or `archive`. */
export async function probe(folder: string, purpose: string): Promise<void> {
  const name = join(folder, `.probe-${randomUUID()}`);
  try {
    await makeFolder(folder);
    await writeFile(name, 'probe');
    await syncFile(name);
    await syncFolder(folder);
    // File systems without hard links are copied on instead: not being able to link is no fault.
    await link(name, `${name}-2`).catch(() => undefined);
  } catch (error) {
    const { message } = fileError(`${purpose} folder ${folder}: cannot write to it`, error);
    throw new IngestError('io', `${message}; give the user that runs scd-inbox write access to it, or name another in the settings`, { cause: error });
  } finally {
    await Promise.all([rm(name, { force: true }), rm(`${name}-2`, { force: true })].map(async (done) => done.catch(() => undefined)));
  }
}
