import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import { IngestError, printable } from '../errors.js';
import { syncHandle } from '../sync.js';
import { removeFile } from './files.js';
import { sha256 } from './hash.js';

const CHUNK_BYTES = 1 << 20;

/** Where the copy of a file becomes whole that is put into the inbox by a command. What a kill leaves there, the next start removes. */
export function copyPart(inbox: string, node?: string): string {
  return join(inbox, `.scd-inbox-copy${node === undefined ? '' : `-${node}`}.part`);
}

/**
 * Copies a file to a new part file, synced and read back: size and SHA-256 are compared. Time and permissions are
 * kept. Throws `changed` where somebody writes to the source meanwhile; nothing is left of a copy that fails.
 */
export async function copyWhole(source: string, part: string): Promise<void> {
  const from = await open(source, 'r');
  try {
    const before = await from.stat();
    const to = await open(part, 'wx', before.mode & 0o777);
    try {
      const { bytes, hash } = await pour(from, to);
      await to.utimes(before.atime, before.mtime).catch(() => undefined);
      await syncHandle(to, part);
      if (bytes !== before.size || !isUnchanged(before, await from.stat())) throw isWrittenTo(source);
      if ((await to.stat()).size !== bytes || await sha256(part) !== hash) throw differs(source, part);
    } catch (error) {
      await removeFile(part).catch(() => undefined);
      throw error;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

function isUnchanged(before: Stats, after: Stats): boolean {
  return after.size === before.size && after.mtimeMs === before.mtimeMs;
}

function isWrittenTo(source: string): IngestError {
  return new IngestError('changed', printable(`${source}: it is written to while it is copied; it is left where it is`), { retryable: true });
}

function differs(source: string, part: string): IngestError {
  return new IngestError('io', printable(`${source}: its copy ${part} differs from it; it is left where it is`), { retryable: true });
}

async function pour(from: FileHandle, to: FileHandle): Promise<{ bytes: number; hash: string }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await from.read(buffer, 0, CHUNK_BYTES, bytes);
    if (bytesRead === 0) return { bytes, hash: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await writeAll(to, chunk, bytes);
    bytes += bytesRead;
  }
}

/** A write may take less than it was given. */
async function writeAll(to: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await to.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}
