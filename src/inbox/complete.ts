import { open, type FileHandle } from 'node:fs/promises';

const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;
const ENTRY = 0x02014b50;

/**
 * Whether a file is a zip whose end record is there and whose directory fits before it. Such a file is written whole,
 * for a writer comes to the end record last. False says nothing: only zips can tell.
 */
export async function looksComplete(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    return await hasDirectory(handle, (await handle.stat()).size);
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function hasDirectory(handle: FileHandle, size: number): Promise<boolean> {
  if (size < END_RECORD_BYTES || (await bytesAt(handle, 0, 4)).readUInt32LE() !== 0x04034b50) return false;
  const tailAt = Math.max(0, size - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  const tail = await bytesAt(handle, tailAt, size - tailAt);
  for (let at = tail.length - END_RECORD_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END_RECORD || tailAt + at + END_RECORD_BYTES + tail.readUInt16LE(at + 20) !== size) continue;
    const [bytes, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    if (offset + bytes > tailAt + at) return false;
    return bytes >= 4 && (await bytesAt(handle, offset, 4)).readUInt32LE() === ENTRY;
  }
  return false;
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new RangeError('the file is shorter than it was');
  return buffer;
}
