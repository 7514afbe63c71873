import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';
import { IngestError, messageOf } from '../../errors.js';
import { hostileXml, malformed } from './zip.js';

/** What is told of a part's XML; names come without their prefix. */
export interface XmlHandler {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
  text(text: string): void;
}

const MAX_DEPTH = 256;
/** No single tag, text or attribute of a workbook is longer than this, escapes included. */
const MAX_SILENT_CHARACTERS = 2_097_152;

/**
 * Reads a part strictly: well-formed, no document type, no entities of its own, nothing endless. After each chunk of
 * bytes it yields, so that whoever handles the events can hand on what has come.
 */
export async function* readXml(part: string, stream: Readable, handler: XmlHandler): AsyncGenerator<void> {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const progress = { silent: 0, depth: 0 };
  listen(parser, part, handler, progress);
  let decoder: TextDecoder | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    decoder ??= decoderFor(chunk);
    feed(parser, part, progress, () => decoder!.decode(chunk, { stream: true }));
    yield;
  }
  feed(parser, part, progress, () => decoder?.decode() ?? '');
  guard(part, () => parser.close());
  yield;
}

/** Reads a small part in one go. */
export async function readXmlWhole(part: string, stream: Readable, handler: XmlHandler): Promise<void> {
  for await (const _ of readXml(part, stream, handler)) { /* the handler has what it needs */ }
}

interface Progress {
  silent: number;
  depth: number;
}

function listen(parser: SaxesParser, part: string, handler: XmlHandler, progress: Progress): void {
  parser.on('doctype', () => { throw hostileXml(part); });
  parser.on('error', (error) => { throw error; });
  parser.on('opentag', ({ name, attributes }) => {
    progress.silent = 0;
    if ((progress.depth += 1) > MAX_DEPTH) throw new IngestError('hostile', `part ${part}: is nested deeper than ${MAX_DEPTH} elements`);
    handler.open(localName(name), attributes);
  });
  parser.on('closetag', ({ name }) => {
    progress.silent = 0;
    progress.depth -= 1;
    handler.close(localName(name));
  });
  parser.on('text', (text) => {
    progress.silent = 0;
    handler.text(text);
  });
  parser.on('cdata', (text) => handler.text(text));
}

function feed(parser: SaxesParser, part: string, progress: Progress, decode: () => string): void {
  guard(part, () => {
    const text = decode();
    progress.silent += text.length;
    parser.write(text);
    if (progress.silent > MAX_SILENT_CHARACTERS) throw new IngestError('hostile', `part ${part}: has a tag or text of more than ${MAX_SILENT_CHARACTERS} characters`);
  });
}

function guard(part: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof IngestError) throw error;
    throw malformed(part, `is no well-formed XML or is cut off (${messageOf(error)})`);
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
