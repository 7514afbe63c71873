import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { IngestError, fileError } from '../errors.js';

/** The SHA-256 of a file's bytes, hexadecimal. Throws `vanished` where it is gone, `io` where it cannot be read. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw fileError(`cannot read ${path}`, error, 'vanished');
  }
  return hash.digest('hex');
}

/** The same; null where the program may not read it: that does not pass by itself. */
export async function hashIfReadable(path: string): Promise<string | null> {
  try {
    return await sha256(path);
  } catch (error) {
    if (error instanceof IngestError && error.facts['code'] === 'EACCES') return null;
    throw error;
  }
}
