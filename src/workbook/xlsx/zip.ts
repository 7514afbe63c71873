import { readFile, stat } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import type { ReadSettings } from '../../config/settings.js';
import { IngestError, isOfSystem, messageOf } from '../../errors.js';

/**
 * A zip that is not believed: what its headers claim is held against what is there, and bytes are counted while they
 * are inflated.
 */
export type ZipLimits = Pick<ReadSettings['limits'], 'inflatedMiB' | 'entryMiB' | 'entryRatio' | 'entries'>;

const MIB = 1_048_576;
const LOCAL_HEADER_BYTES = 30;
/** Sixteen times what is usual: each chunk costs a step of every stream. */
const INFLATED_CHUNK = 262_144;
/** What is taken for a small part beyond its size: a chunk that it fills would call for another. */
const LEAST_CHUNK = 1_024;
/** A zip of so many bytes is read at once: its directory and parts are dozens of reads, each of which costs more than all bytes. */
const READ_WHOLE_UP_TO = MIB;
/** Names, comments and the like of one part: they are held in memory, unpacked. */
const MAX_NAMES_BYTES = 4_096;
/** Parts may be read over again: for their outline, for the headings of other sheets. */
const READINGS = 4;

export class Zip {
  private inflated = 0;

  private constructor(
    private readonly file: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
    private readonly limits: ZipLimits,
  ) {}

  /** Opens a zip and checks its directory. Throws IngestError. */
  static async open(path: string, limits: ZipLimits): Promise<Zip> {
    let file: ZipFile | undefined;
    try {
      file = await zipFile(path);
      const entries = await directoryOf(file, limits);
      return new Zip(file, entries, limits);
    } catch (error) {
      file?.close();
      throw zipError(error);
    }
  }

  /** The names of the parts, in the order of the directory. */
  get names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** How many bytes have been inflated so far. */
  get inflatedBytes(): number {
    return this.inflated;
  }

  /** Refuses a part that is held in memory where it unpacks past a size and so many times its packed size. */
  refuseDense(name: string, entryMiB: number, entryRatio: number): void {
    refuseBomb(this.entries.get(name)!, { entryMiB, entryRatio });
  }

  /** The inflated bytes of a part, checked as they come. The name must be there. */
  async stream(name: string): Promise<Readable> {
    const entry = this.entries.get(name)!;
    const packed = await this.file.openReadStreamPromise(entry, { decodeFileData: false }).catch((error: unknown) => { throw zipError(error, name); });
    const state = { bytes: 0, crc: 0 };
    const checked = new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(this.refusalOf(entry, chunk, state), chunk),
      flush: (done) => done(wrongEnd(entry, state)),
    });
    const steps: (Readable | Transform)[] = entry.compressionMethod === 0 ? [packed, checked] : [packed, createInflateRaw({ chunkSize: Math.min(INFLATED_CHUNK, entry.uncompressedSize + LEAST_CHUNK) }), checked];
    for (const [index, step] of steps.slice(0, -1).entries()) {
      step.on('error', (error: unknown) => checked.destroy(zipError(error, name)));
      step.pipe(steps[index + 1] as Transform);
    }
    checked.on('close', () => { for (const step of steps) step.destroy(); });
    return checked;
  }

  /** All inflated bytes of a part that has to be small; refuses one that is not. */
  async bytes(name: string): Promise<Buffer> {
    if (this.entries.get(name)!.uncompressedSize > MIB) throw hostile(name, 'has more than 1 MiB, which it never needs');
    const chunks: Buffer[] = [];
    for await (const chunk of await this.stream(name)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  close(): void {
    this.file.close();
  }

  private refusalOf(entry: Entry, chunk: Buffer, state: { bytes: number; crc: number }): IngestError | null {
    state.bytes += chunk.length;
    state.crc = crc32(chunk, state.crc);
    this.inflated += chunk.length;
    if (state.bytes > entry.uncompressedSize) return wrongEnd(entry, state);
    return this.inflated > READINGS * this.limits.inflatedMiB * MIB ? inflatesPast(this.limits) : null;
  }
}

async function zipFile(path: string): Promise<ZipFile> {
  const options = { autoClose: false, strictFileNames: true };
  const { size } = await stat(path);
  return size > READ_WHOLE_UP_TO ? yauzl.openPromise(path, options) : yauzl.fromBufferPromise(await readFile(path), options);
}

/** What is wrong with a part that has come to its end. */
function wrongEnd(entry: Entry, { bytes, crc }: { readonly bytes: number; readonly crc: number }): IngestError | null {
  if (bytes !== entry.uncompressedSize) return malformed(entry.fileName, `has ${bytes} bytes or more where its header says ${entry.uncompressedSize}`);
  return crc === entry.crc32 ? null : malformed(entry.fileName, 'its checksum does not match its bytes');
}

/**
 * Inflates every part of a zip, for readers that do not look themselves: sizes, checksums, and in XML parts no document
 * type and no entities. Returns how many bytes there are.
 */
export async function checkZip(path: string, limits: ZipLimits): Promise<number> {
  const zip = await Zip.open(path, limits);
  try {
    for (const name of zip.names) await checkPart(zip, name);
    return zip.inflatedBytes;
  } finally {
    zip.close();
  }
}

async function checkPart(zip: Zip, name: string): Promise<void> {
  let tail = '';
  const isXml = /\.(xml|rels|vml)$/iu.test(name);
  for await (const chunk of await zip.stream(name)) {
    if (!isXml) continue;
    const text = tail + (chunk as Buffer).toString('latin1').replaceAll('\0', '');
    if (/<!(DOCTYPE|ENTITY)/iu.test(text)) throw hostileXml(name);
    tail = text.slice(-10);
  }
}

/** The refusal of a part that declares a document type or entities. */
export function hostileXml(part: string): IngestError {
  return new IngestError('hostile', `part ${part}: declares a document type or entities, which no workbook needs`);
}

/** The refusal of a part that is made to do harm. */
export function hostile(part: string, what: string): IngestError {
  return new IngestError('hostile', `part ${part}: ${what}; save the workbook again and drop that`);
}

/** The refusal of a part that cannot be what it should be. */
export function malformed(part: string, what: string): IngestError {
  return new IngestError('malformed', `part ${part}: ${what}; save the workbook again and drop that`);
}

async function directoryOf(file: ZipFile, limits: ZipLimits): Promise<Map<string, Entry>> {
  if (file.entryCount > limits.entries) throw new IngestError('hostile', `has ${file.entryCount} parts, more than the ${limits.entries} allowed`);
  const entries = new Map<string, Entry>();
  let bytes = 0;
  for await (const entry of file.eachEntry()) {
    refuseEntry(entry);
    refuseBomb(entry, limits);
    if ((bytes += entry.uncompressedSize) > limits.inflatedMiB * MIB) throw inflatesPast(limits);
    if (entries.has(entry.fileName)) throw hostile(entry.fileName, 'is there twice');
    entries.set(entry.fileName, entry);
  }
  refuseOverlaps([...entries.values()]);
  return entries;
}

function refuseEntry(entry: Entry): void {
  if ((entry.generalPurposeBitFlag & 1) !== 0) throw new IngestError('password-protected', `part ${entry.fileName} is encrypted: save the workbook without a password`);
  if (entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength > MAX_NAMES_BYTES) {
    throw new IngestError('hostile', `part ${entry.fileName.slice(0, 40)}…: its name and what is noted of it are longer than ${MAX_NAMES_BYTES} bytes`);
  }
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) throw malformed(entry.fileName, `is packed by method ${entry.compressionMethod}, which workbooks do not use`);
}

/** Told by the sizes that a part is said to have: one that holds more than that is refused where it shows. */
function refuseBomb(entry: Entry, { entryMiB, entryRatio }: Pick<ZipLimits, 'entryMiB' | 'entryRatio'>): void {
  if (entry.uncompressedSize <= entryMiB * MIB || entry.uncompressedSize <= entryRatio * entry.compressedSize) return;
  throw new IngestError('zip-bomb', `part ${entry.fileName}: inflates past ${entryMiB} MiB and ${entryRatio} times its packed size: a zip bomb`);
}

function inflatesPast({ inflatedMiB }: ZipLimits): IngestError {
  return new IngestError('too-large', `inflates past the ${inflatedMiB} MiB allowed; split it into several workbooks`);
}

/** Parts that share bytes are how a small file claims to be a huge one. */
function refuseOverlaps(entries: Entry[]): void {
  entries.sort((one, other) => one.relativeOffsetOfLocalHeader - other.relativeOffsetOfLocalHeader);
  entries.forEach((entry, index) => {
    const end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
    const next = entries[index + 1];
    if (next !== undefined && next.relativeOffsetOfLocalHeader < end) {
      throw new IngestError('hostile', `parts ${entry.fileName} and ${next.fileName} overlap`);
    }
  });
}

function zipError(error: unknown, part?: string): Error {
  if (error instanceof IngestError || (error instanceof Error && isOfSystem(error))) return error;
  const where = part === undefined ? '' : `part ${part}: `;
  return new IngestError('malformed', `${where}the zip is damaged or cut off (${messageOf(error)}); save the workbook again and drop that`, { cause: error });
}
