import { IngestError } from '../../errors.js';
import { isCleanText } from './plain.js';
import { PlainTexts } from './plain-texts.js';
import { RichText, unescaped } from './rich-text.js';
import { readXmlWhole, type XmlHandler } from './xml.js';
import { malformed, type Zip } from './zip.js';

const LONG_CHARACTERS = 1_024;
const MAX_COUNT = 16_777_216;

/** The texts that the cells share, packed: one buffer and offsets, not a million strings. */
export class SharedStrings {
  count = 0;
  private bytes = Buffer.alloc(65_536);
  private ends = new Uint32Array(4_096);
  private clean = new Uint8Array(4_096);
  private latest = { index: -1, text: undefined as string | undefined };
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  /** Reads the part; `maxMiB` bounds the texts together. */
  static async read(zip: Zip, part: string, maxMiB: number): Promise<SharedStrings> {
    const strings = new SharedStrings(maxMiB * 1_048_576);
    await readXmlWhole(part, await zip.stream(part), SharedStrings.handler(part, strings), new PlainTexts(strings));
    return strings;
  }

  /** Adds the texts that the strict reader tells of. */
  static handler(part: string, strings: SharedStrings): XmlHandler {
    const item = new RichText(part);
    let isInside = false;
    return {
      open: (name) => {
        if (name !== 'si') return item.open(name);
        if (isInside) throw malformed(part, 'has a shared text within another');
        isInside = true;
        item.reset();
      },
      close: (name) => {
        if (name !== 'si') return item.close(name);
        isInside = false;
        strings.add(unescaped(item.text));
      },
      text: (text) => item.add(text),
    };
  }

  /** The text at an index, or undefined where there is none. */
  at(index: number): string | undefined {
    if (index === this.latest.index) return this.latest.text;
    if (!Number.isInteger(index) || index < 0 || index >= this.count) return undefined;
    const text = this.bytes.toString('utf8', this.startOf(index), this.ends[index]);
    // A long text that cells name over and over is in memory once.
    if (text.length > LONG_CHARACTERS) this.latest = { index, text };
    return text;
  }

  /** How many bytes a text has that is there. */
  bytesOf(index: number): number {
    return this.ends[index]! - this.startOf(index);
  }

  /** Whether a text that is there is clean, as of a packed cell. */
  isClean(index: number): boolean {
    return this.clean[index] === 1;
  }

  /** Points a view at a text that is there. */
  show(index: number, view: { bytes: Buffer; start: number; end: number; isClean: boolean }): void {
    view.bytes = this.bytes;
    view.start = this.startOf(index);
    view.end = this.ends[index]!;
    view.isClean = this.isClean(index);
  }

  add(text: string): void {
    const bytes = Buffer.from(text);
    this.addBytes(bytes, 0, bytes.length, isCleanText(text));
  }

  /** Adds the text whose bytes stand between two places. */
  addBytes(bytes: Buffer, from: number, to: number, isClean: boolean): void {
    const needed = this.used + to - from;
    if (this.count === MAX_COUNT) throw new IngestError('too-large', `has more than ${MAX_COUNT} shared texts; split the workbook`);
    if (needed > this.maxBytes) throw new IngestError('too-large', `its shared texts are longer than ${this.maxBytes / 1_048_576} MiB together; split the workbook`);
    if (needed > this.bytes.length) this.growBytes(needed);
    if (this.count === this.ends.length) this.growCount();
    bytes.copy(this.bytes, this.used, from, to);
    this.ends[this.count] = this.used = needed;
    this.clean[this.count] = isClean ? 1 : 0;
    this.count += 1;
  }

  private startOf(index: number): number {
    return index === 0 ? 0 : this.ends[index - 1]!;
  }

  private growBytes(needed: number): void {
    const larger = Buffer.alloc(Math.max(needed, Math.min(this.bytes.length * 2, this.maxBytes)));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }

  private growCount(): void {
    const [ends, clean] = [new Uint32Array(this.count * 2), new Uint8Array(this.count * 2)];
    ends.set(this.ends);
    clean.set(this.clean);
    this.ends = ends;
    this.clean = clean;
  }
}
