import { isAscii } from 'node:buffer';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';
import { IngestError, messageOf } from '../../errors.js';
import { PlainXml } from './plain.js';
import { hostile, hostileXml, malformed } from './zip.js';

/** What is told of a part's XML; names come without their prefix. */
export interface XmlHandler {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
  /**
   * The element that units have most of, where it is written as it is nearly always: taken whole by a sticky pattern, it
   * costs a fraction of the events that would tell the same of it.
   */
  readonly leaf?: { readonly pattern: RegExp; readonly take: (match: RegExpExecArray) => void };
}

const MAX_DEPTH = 256;
/** How deep units may lie for the quick reader to read them. */
const MAX_BASE = 2;
/** No single tag, text or attribute of a workbook is longer than this, escapes included. */
const MAX_SILENT_CHARACTERS = 2_097_152;

/** Elements of which a part has very many, and the element that they lie in. */
export interface Units {
  readonly unit: string;
  readonly within: string;
}

/**
 * Reads a part strictly: well-formed, no document type, no entities of its own, nothing endless. After each chunk of
 * bytes it yields, so that whoever handles the events can hand on what has come. Units are read by the quick reader
 * where they are plain XML.
 */
export async function* readXml(part: string, stream: Readable, handler: XmlHandler, units?: Units): AsyncGenerator<void> {
  const reader = new XmlReader(part, handler, units);
  let text: TextChunks | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    text ??= new TextChunks(decoderFor(chunk));
    guard(part, () => reader.read(text!.next(chunk)));
    yield;
  }
  guard(part, () => {
    reader.read(text?.last() ?? '');
    reader.close();
  });
  yield;
}

/** Reads a small part in one go. */
export async function readXmlWhole(part: string, stream: Readable, handler: XmlHandler, units?: Units): Promise<void> {
  for await (const _ of readXml(part, stream, handler, units)) { /* the handler has what it needs */ }
}

/** Reads text by the strict parser and, where it has come to the units, by the quick one, each from where the other stops. */
class XmlReader {
  private readonly parser = new SaxesParser({ xmlns: false, position: false });
  private readonly plain: PlainXml;
  private isPlain = false;
  private silent = 0;
  private depth = 0;
  /** How deep the units lie; undefined while there are none. */
  private base: number | undefined;
  /** Whether the strict parser stands where a unit may begin: right behind the tag that it was given last. */
  private isBetween = false;
  /** The tags that bring the strict parser to where the quick one has stopped are no news. */
  private isMuted = false;

  constructor(private readonly part: string, private readonly handler: XmlHandler, private readonly units: Units | undefined) {
    this.plain = new PlainXml(handler);
    this.listen();
  }

  read(text: string): void {
    let rest = text;
    do rest = this.isPlain ? this.readPlainly(rest) : this.readStrictly(rest); while (rest !== '');
  }

  close(): void {
    if (this.isPlain) this.write(this.toStrict(this.plain.rest()));
    this.parser.close();
  }

  private readPlainly(text: string): string {
    const rest = this.plain.read(text);
    return rest === undefined ? '' : this.toStrict(rest);
  }

  private toStrict(rest: string): string {
    this.isPlain = false;
    this.isMuted = true;
    this.parser.write(this.plain.open.map((name) => `<${name}>`).join(''));
    this.isMuted = false;
    this.plain.open.length = 0;
    return rest;
  }

  /** Reads up to the tag behind which the next unit may begin. Returns the rest. */
  private readStrictly(text: string): string {
    const tag = this.findTag(text);
    if (tag === undefined) {
      this.write(text);
      return '';
    }
    this.write(text.slice(0, tag.start));
    // The tag alone: only if the parser tells of it now it is one, and not the inside of a comment.
    this.isBetween = false;
    this.write(text.slice(tag.start, tag.end));
    this.isPlain = this.isBetween;
    return text.slice(tag.end);
  }

  private findTag(text: string): { start: number; end: number } | undefined {
    if (this.units === undefined) return undefined;
    const tag = this.base === undefined ? `<${this.units.within}` : `</${this.units.unit}>`;
    const start = text.indexOf(tag);
    const end = start < 0 ? -1 : text.indexOf('>', start);
    return end < 0 ? undefined : { start, end: end + 1 };
  }

  private write(text: string): void {
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
      if (this.isMuted) return;
      if (this.base === undefined && this.depth <= MAX_BASE && name === this.units?.within) this.base = this.depth;
      this.isBetween = this.depth === this.base;
      handler.open(localName(name), attributes);
    });
    parser.on('closetag', ({ name }) => {
      this.silent = 0;
      this.depth -= 1;
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
    const isPlain = !this.mayBeCut && this.decoder.encoding === 'utf-8' && isAscii(chunk);
    this.mayBeCut = !isPlain && (chunk[chunk.length - 1] ?? 0x80) >= 0x80;
    return isPlain ? chunk.toString('latin1') : this.decoder.decode(chunk, { stream: true });
  }

  last(): string {
    return this.decoder.decode();
  }
}

function decoderFor(chunk: Buffer): TextDecoder {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return new TextDecoder('utf-16le', { fatal: true });
  if (chunk[0] === 0xfe && chunk[1] === 0xff) return new TextDecoder('utf-16be', { fatal: true });
  return new TextDecoder('utf-8', { fatal: true });
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
