import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';
import { IngestError } from '../../errors.js';
import { syncHandle } from '../../sync.js';

/** Beyond this a zip needs the extensions of zip64; no workbook of ours comes near it. */
const MAX_BYTES = 0xffff_ffff;
const VERSION = 20;
const DEFLATED = 8;
const UTF8_NAMES = 0x0800;
/** 1980-01-01, the zero of zip times: the same rows give the same bytes. */
const NO_DATE = 0x0021;

interface Entry {
  readonly name: Buffer;
  readonly offset: number;
  crc: number;
  packed: number;
  size: number;
}

/** Writes a zip, part by part, without holding a part in memory. */
export class ZipWriter {
  private readonly entries: Entry[] = [];
  private position = 0;

  private constructor(private readonly handle: FileHandle, private readonly path: string) {}

  /** Begins a new file, in place of one that is there. */
  static async create(path: string): Promise<ZipWriter> {
    return new ZipWriter(await open(path, 'w'), path);
  }

  /** Adds a part from pieces of text. Throws IngestError `too-large` past 4 GiB. */
  async add(name: string, pieces: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const entry: Entry = { name: Buffer.from(name), offset: this.position, crc: 0, packed: 0, size: 0 };
    this.entries.push(entry);
    await this.append(localHeader(entry));
    await pipeline(Readable.from(counted(pieces, entry)), createDeflateRaw({ level: 5 }), async (packed: AsyncIterable<Buffer>) => {
      for await (const bytes of packed) {
        entry.packed += bytes.length;
        await this.append(bytes);
      }
    });
    if (this.position > MAX_BYTES || entry.size > MAX_BYTES) throw new IngestError('too-large', 'the workbook to be written is larger than 4 GiB');
    // What was not known before is put into the header afterwards: data descriptors are a thing that readers stumble over.
    await this.handle.write(localHeader(entry), 0, undefined, entry.offset);
  }

  /** Ends the file; it is on disk then. Throws `disk` where that fails. */
  async finish(): Promise<void> {
    const offset = this.position;
    for (const entry of this.entries) await this.append(directoryEntry(entry));
    await this.append(endRecord(this.entries.length, offset, this.position - offset));
    await syncHandle(this.handle, this.path);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async append(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await this.handle.write(bytes, written, bytes.length - written, this.position + written)).bytesWritten;
    }
    this.position += bytes.length;
  }
}

async function* counted(pieces: Iterable<string> | AsyncIterable<string>, entry: Entry): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece);
    entry.crc = crc32(bytes, entry.crc);
    entry.size += bytes.length;
    yield bytes;
  }
}

function localHeader(entry: Entry): Buffer {
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, entry);
  return Buffer.concat([header, entry.name]);
}

function directoryEntry(entry: Entry): Buffer {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(VERSION, 4);
  writeCommon(header, 6, entry);
  header.writeUInt32LE(entry.offset, 42);
  return Buffer.concat([header, entry.name]);
}

/** The fields that both kinds of header have, in the same order. */
function writeCommon(header: Buffer, at: number, entry: Entry): void {
  [VERSION, UTF8_NAMES, DEFLATED, 0, NO_DATE].forEach((value, index) => header.writeUInt16LE(value, at + index * 2));
  [entry.crc, Math.min(entry.packed, MAX_BYTES), Math.min(entry.size, MAX_BYTES)].forEach((value, index) => header.writeUInt32LE(value, at + 10 + index * 4));
  header.writeUInt16LE(entry.name.length, at + 22);
}

function endRecord(entries: number, offset: number, bytes: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(entries, 8);
  record.writeUInt16LE(entries, 10);
  record.writeUInt32LE(bytes, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}
