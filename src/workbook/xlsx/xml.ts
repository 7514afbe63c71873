import { isAscii } from 'node:buffer';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';
import { IngestError, messageOf } from '../../errors.js';
import { ROOM } from './plain.js';
import { hostile, hostileXml, malformed } from './zip.js';

/** What is told of a part's XML; names come without their prefix. */
export interface XmlHandler {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
}

/** Elements of which a part has very many, and who reads them while they are plain (plain.ts). */
export interface PlainUnits {
  readonly unit: string;
  /** The element that they lie in. */
  readonly within: string;
  /** Turns to other bytes, with room behind them (ROOM of plain.ts); those before are not there any more. */
  turnTo(bytes: Buffer): void;
  /**
   * Reads whole units from a place on, and says of them what the handler is told of others. Returns the place of the
   * first that is not plain or not whole.
   */
  read(from: number): number;
}

const MAX_DEPTH = 256;
/** How deep units may lie for them to be read while they are plain. */
const MAX_BASE = 2;
/** The depth of units when no more come: it is nobody's. */
const OVER = -1;
/** No single tag, text or attribute of a workbook is longer than this, escapes included. */
const MAX_SILENT_CHARACTERS = 2_097_152;
/** A unit that has not come whole by then is for the strict parser, which knows a limit. */
const MAX_KEPT_BYTES = 131_072;

/**
 * Reads a part strictly: well-formed, no document type, no entities of its own, nothing endless. After each chunk of
 * bytes it yields, so that whoever handles the events can hand on what has come. Plain units are read as such.
 */
export async function* readXml(part: string, stream: Readable, handler: XmlHandler, units?: PlainUnits): AsyncGenerator<void> {
  let reader: XmlReader | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    reader ??= new XmlReader(part, handler, decoderFor(chunk), units);
    guard(part, () => reader!.read(chunk));
    yield;
  }
  guard(part, () => (reader ?? new XmlReader(part, handler, decoderFor(NOTHING), units)).close());
  yield;
}

/** Reads a small part in one go. */
export async function readXmlWhole(part: string, stream: Readable, handler: XmlHandler, units?: PlainUnits): Promise<void> {
  for await (const _ of readXml(part, stream, handler, units)) { /* the handler has what it needs */ }
}

/** Reads by the strict parser; where it stands between two units, those that are plain are left to their own reader. */
class XmlReader {
  private readonly parser = new SaxesParser({ xmlns: false, position: false });
  private readonly text: TextChunks;
  private readonly units: PlainUnits | undefined;
  /** What has come last, with room behind it: whoever was told of it reads it until the next chunk comes. */
  private bytes = NOTHING;
  /** Where in it the last unit stands, as far as it has come. */
  private keptFrom = 0;
  private keptTo = 0;
  private silent = 0;
  private depth = 0;
  /** How deep the units lie; undefined while there are none. */
  private base: number | undefined;
  /** Whether the parser stands where a unit may begin: right behind the tag that it was given last. */
  private isBetween = false;

  constructor(private readonly part: string, private readonly handler: XmlHandler, decoder: TextDecoder, units: PlainUnits | undefined) {
    this.text = new TextChunks(decoder);
    this.units = decoder.encoding === 'utf-8' ? units : undefined;
    this.listen();
  }

  read(chunk: Buffer): void {
    if (this.units === undefined) return this.write(chunk);
    const length = this.append(chunk);
    this.units.turnTo(this.bytes);
    // What stands behind it is of earlier chunks.
    this.keptFrom = this.readUnits(this.units, this.bytes.subarray(0, length));
    this.keptTo = length;
  }

  close(): void {
    this.write(this.bytes.subarray(this.keptFrom, this.keptTo));
    this.tell(this.text.last());
    this.parser.close();
  }

  /** Puts a chunk behind what was kept, and room behind that. Returns how many bytes they are. */
  private append(chunk: Buffer): number {
    const kept = this.keptTo - this.keptFrom;
    const length = kept + chunk.length;
    const room = length + ROOM <= this.bytes.length ? this.bytes : Buffer.alloc(length + ROOM);
    this.bytes.copy(room, 0, this.keptFrom, this.keptTo);
    chunk.copy(room, kept);
    room.fill(0, length, length + ROOM);
    this.bytes = room;
    return length;
  }

  /** Reads what has come. Returns where that begins which may be a unit that has not come whole. */
  private readUnits(units: PlainUnits, bytes: Buffer): number {
    const { length } = bytes;
    for (let at = 0; ;) {
      if (this.isBetween) at = units.read(at);
      const tag = this.findTag(units, bytes, at);
      if (tag === undefined && this.isBetween && length - at <= MAX_KEPT_BYTES) return at;
      this.write(bytes.subarray(at, tag?.start ?? length));
      this.isBetween = false;
      if (tag === undefined) return length;
      // The tag alone: only if the parser tells of it now it is one, and not the inside of a comment.
      this.write(bytes.subarray(tag.start, tag.end));
      at = tag.end;
    }
  }

  /** The next tag behind which a unit may begin. */
  private findTag({ unit, within }: PlainUnits, bytes: Buffer, from: number): { start: number; end: number } | undefined {
    const start = bytes.indexOf(this.base === undefined ? `<${within}` : `</${unit}>`, from, 'latin1');
    const end = start < 0 ? -1 : bytes.indexOf('>', start, 'latin1');
    return end < 0 ? undefined : { start, end: end + 1 };
  }

  private write(bytes: Buffer): void {
    this.tell(this.text.next(bytes));
  }

  private tell(text: string): void {
    this.silent += text.length;
    this.parser.write(text);
    if (this.silent > MAX_SILENT_CHARACTERS) throw hostile(this.part, `has a tag or text of more than ${MAX_SILENT_CHARACTERS} characters`);
  }

  private listen(): void {
    const { parser, part, handler } = this;
    parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !/^utf-?(8|16)$/iu.test(encoding)) throw malformed(part, `is in the encoding ${encoding.slice(0, 20)}, expected UTF-8 or UTF-16`);
    });
    parser.on('doctype', () => { throw hostileXml(part); });
    parser.on('error', (error) => { throw error; });
    parser.on('opentag', ({ name, attributes }) => {
      this.silent = 0;
      if ((this.depth += 1) > MAX_DEPTH) throw hostile(part, `is nested deeper than ${MAX_DEPTH} elements`);
      if (this.base === undefined && this.depth <= MAX_BASE && name === this.units?.within) this.base = this.depth;
      this.isBetween = this.depth === this.base;
      handler.open(localName(name), attributes);
    });
    parser.on('closetag', ({ name }) => {
      this.silent = 0;
      this.depth -= 1;
      // What stands elsewhere under the same name is no unit.
      if (this.base !== undefined && this.depth < this.base) this.base = OVER;
      this.isBetween = this.depth === this.base && name === this.units?.unit;
      handler.close(localName(name));
    });
    parser.on('text', (text) => {
      this.silent = 0;
      handler.text(text);
    });
    parser.on('cdata', (text) => handler.text(text));
  }
}

function guard(part: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof IngestError) throw error;
    throw malformed(part, `is no well-formed XML or is cut off (${messageOf(error)})`);
  }
}

/** Chunks of bytes as text; a character may be cut in two between them. */
class TextChunks {
  private mayBeCut = true;

  constructor(private readonly decoder: TextDecoder) {}

  next(chunk: Buffer): string {
    // ASCII is its own Latin-1, which is much quicker.
    if (chunk.length === 0) return '';
    const isPlain = !this.mayBeCut && this.decoder.encoding === 'utf-8' && isAscii(chunk);
    this.mayBeCut = !isPlain && chunk[chunk.length - 1]! >= 0x80;
    return isPlain ? chunk.toString('latin1') : this.decoder.decode(chunk, { stream: true });
  }

  last(): string {
    return this.decoder.decode();
  }
}

const NOTHING = Buffer.alloc(0);

function decoderFor(chunk: Buffer): TextDecoder {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return new TextDecoder('utf-16le', { fatal: true });
  if (chunk[0] === 0xfe && chunk[1] === 0xff) return new TextDecoder('utf-16be', { fatal: true });
  return new TextDecoder('utf-8', { fatal: true });
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
