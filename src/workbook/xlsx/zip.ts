import { Transform, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import type { ReadSettings } from '../../config/settings.js';
import { IngestError, messageOf } from '../../errors.js';

/**
 * A zip that is not believed: what its headers claim is held against what is there, and bytes are counted while they
 * are inflated.
 */
export type ZipLimits = Pick<ReadSettings['limits'], 'inflatedMiB' | 'entryMiB' | 'entryRatio' | 'entries'>;

const MIB = 1_048_576;
const LOCAL_HEADER_BYTES = 30;
/** Four times what is usual: each chunk costs a step of every stream. */
const INFLATED_CHUNK = 65_536;

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
      file = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true, strictFileNames: true, validateEntrySizes: true });
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

  /** The inflated bytes of a part, checked as they come. The name must be there. */
  async stream(name: string): Promise<Readable> {
    const entry = this.entries.get(name)!;
    const packed = await this.file.openReadStreamPromise(entry, { decodeFileData: false }).catch((error: unknown) => { throw zipError(error, name); });
    const state = { bytes: 0, crc: 0 };
    const checked = new Transform({
      transform: (chunk: Buffer, _encoding, done) => done(this.refusalOf(entry, chunk, state), chunk),
      flush: (done) => done(wrongEnd(entry, state)),
    });
    const steps: (Readable | Transform)[] = entry.compressionMethod === 0 ? [packed, checked] : [packed, createInflateRaw({ chunkSize: INFLATED_CHUNK }), checked];
    for (const [index, step] of steps.slice(0, -1).entries()) {
      step.on('error', (error: unknown) => checked.destroy(zipError(error, name)));
      step.pipe(steps[index + 1] as Transform);
    }
    checked.on('close', () => { for (const step of steps) step.destroy(); });
    return checked;
  }

  /** All inflated bytes of a part that is known to be small. */
  async bytes(name: string): Promise<Buffer> {
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
    const { entryMiB, entryRatio, inflatedMiB } = this.limits;
    if (state.bytes > entryMiB * MIB && state.bytes > entryRatio * entry.compressedSize) {
      return new IngestError('zip-bomb', `part ${entry.fileName}: inflates past ${entryMiB} MiB and ${entryRatio} times its packed size: a zip bomb`);
    }
    if (this.inflated > inflatedMiB * MIB) return new IngestError('too-large', `inflates past the ${inflatedMiB} MiB allowed; split it into several workbooks`);
    return null;
  }
}

/** What is wrong with a part that has come to its end. */
function wrongEnd(entry: Entry, { bytes, crc }: { readonly bytes: number; readonly crc: number }): IngestError | null {
  if (bytes !== entry.uncompressedSize) return malformed(entry.fileName, `has ${bytes} bytes or more where its header says ${entry.uncompressedSize}`);
  return crc === entry.crc32 ? null : malformed(entry.fileName, 'its checksum does not match its bytes');
}

/**
 * Inflates every part of a zip, for readers that do not look themselves: sizes, checksums, and in XML parts no document
 * type and no entities.
 */
export async function checkZip(path: string, limits: ZipLimits): Promise<void> {
  const zip = await Zip.open(path, limits);
  try {
    for (const name of zip.names) await checkPart(zip, name);
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

/** The refusal of a part that cannot be what it should be. */
export function malformed(part: string, what: string): IngestError {
  return new IngestError('malformed', `part ${part}: ${what}; save the workbook again and drop that`);
}

async function directoryOf(file: ZipFile, limits: ZipLimits): Promise<Map<string, Entry>> {
  if (file.entryCount > limits.entries) throw new IngestError('hostile', `has ${file.entryCount} parts, more than the ${limits.entries} allowed`);
  const entries = new Map<string, Entry>();
  for await (const entry of file.eachEntry()) {
    refuseEntry(entry);
    if (entries.has(entry.fileName)) throw new IngestError('hostile', `part ${entry.fileName}: is there twice`);
    entries.set(entry.fileName, entry);
  }
  refuseOverlaps([...entries.values()]);
  return entries;
}

function refuseEntry(entry: Entry): void {
  if ((entry.generalPurposeBitFlag & 1) !== 0) throw new IngestError('password-protected', `part ${entry.fileName} is encrypted: save the workbook without a password`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) throw malformed(entry.fileName, `is packed by method ${entry.compressionMethod}, which workbooks do not use`);
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

function zipError(error: unknown, part?: string): IngestError {
  if (error instanceof IngestError) return error;
  const where = part === undefined ? '' : `part ${part}: `;
  return new IngestError('malformed', `${where}the zip is damaged or cut off (${messageOf(error)}); save the workbook again and drop that`, { cause: error });
}
