import { open, type FileHandle } from 'node:fs/promises';

const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;

/** A workbook's directory has some dozens of entries; a bigger one is not worth holding in memory here. */
const MAX_DIRECTORY_BYTES = 1 << 20;

/** Where the directory of a zip lies, and how many entries it is said to have. */
interface Directory {
  readonly offset: number;
  readonly bytes: number;
  readonly entries: number;
}

/**
 * Whether a file is a zip whose end record is there and whose entries all fit before their directory. Such a file is
 * written whole, for a writer comes to the end record last. Only the tail is read. Never throws: false says nothing,
 * for other kinds, zip64 and files that cannot be read are not told, and wait the longer time.
 */
export async function looksComplete(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const directory = await findDirectory(handle, (await handle.stat()).size);
    return directory !== undefined && entriesFit(await bytesAt(handle, directory.offset, directory.bytes), directory);
  } catch {
    return false;
  } finally {
    await handle.close().catch(() => undefined);
  }
}

async function findDirectory(handle: FileHandle, size: number): Promise<Directory | undefined> {
  if (size < END_RECORD_BYTES || (await bytesAt(handle, 0, 4)).readUInt32LE() !== LOCAL_HEADER) return undefined;
  const tailAt = Math.max(0, size - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  const tail = await bytesAt(handle, tailAt, size - tailAt);
  for (let at = tail.length - END_RECORD_BYTES; at >= 0; at -= 1) {
    const isEnd = tail.readUInt32LE(at) === END_RECORD && at + END_RECORD_BYTES + tail.readUInt16LE(at + 20) === tail.length;
    if (isEnd) return directoryBefore(tailAt + at, tail.subarray(at));
  }
  return undefined;
}

function directoryBefore(endAt: number, record: Buffer): Directory | undefined {
  const directory = { entries: record.readUInt16LE(10), bytes: record.readUInt32LE(12), offset: record.readUInt32LE(16) };
  return directory.offset + directory.bytes <= endAt && directory.bytes <= MAX_DIRECTORY_BYTES ? directory : undefined;
}

function entriesFit(bytes: Buffer, { offset, entries }: Directory): boolean {
  let at = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    if (bytes.readUInt32LE(at) !== ENTRY) return false;
    const [packed, header] = [bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)];
    if (header + LOCAL_HEADER_BYTES + bytes.readUInt16LE(at + 28) + packed > offset) return false;
    at += ENTRY_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries > 0 && at === bytes.length;
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new RangeError('the file is shorter than it was');
  return buffer;
}
