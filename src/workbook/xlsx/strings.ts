import { IngestError } from '../../errors.js';
import { readXmlWhole } from './xml.js';
import { malformed, type Zip } from './zip.js';

const LONG_CHARACTERS = 1_024;
const MAX_COUNT = 16_777_216;
/** In pieces a text could go on without end; a cell's own limit is told of where it is used. */
const MAX_TEXT_CHARACTERS = 1_048_576;

/** The texts that the cells share, packed: one buffer and offsets, not a million strings. */
export class SharedStrings {
  private buffer = Buffer.alloc(65_536);
  private ends = new Uint32Array(4_096);
  private count = 0;
  private latest = { index: -1, text: undefined as string | undefined };
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  /** Reads the part; `maxMiB` bounds the texts together. */
  static async read(zip: Zip, part: string, maxMiB: number): Promise<SharedStrings> {
    const strings = new SharedStrings(maxMiB * 1_048_576);
    const item = new RichText(part);
    let isInside = false;
    await readXmlWhole(part, await zip.stream(part), {
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
    }, { unit: 'si', within: 'sst' });
    return strings;
  }

  /** The text at an index, or undefined where there is none. */
  at(index: number): string | undefined {
    if (index === this.latest.index) return this.latest.text;
    if (!Number.isInteger(index) || index < 0 || index >= this.count) return undefined;
    const text = this.buffer.toString('utf8', index === 0 ? 0 : this.ends[index - 1]!, this.ends[index]);
    // A long text that cells name over and over is in memory once.
    if (text.length > LONG_CHARACTERS) this.latest = { index, text };
    return text;
  }

  private add(text: string): void {
    if (this.count === MAX_COUNT) throw new IngestError('too-large', `has more than ${MAX_COUNT} shared texts; split the workbook`);
    const bytes = Buffer.byteLength(text);
    if (this.used + bytes > this.maxBytes) throw new IngestError('too-large', `its shared texts are longer than ${this.maxBytes / 1_048_576} MiB together; split the workbook`);
    if (this.used + bytes > this.buffer.length) this.grow(this.used + bytes);
    if (this.count === this.ends.length) this.ends = doubled(this.ends);
    this.buffer.write(text, this.used);
    this.used += bytes;
    this.ends[this.count] = this.used;
    this.count += 1;
  }

  private grow(needed: number): void {
    const larger = Buffer.alloc(Math.max(needed, Math.min(this.buffer.length * 2, this.maxBytes)));
    this.buffer.copy(larger, 0, 0, this.used);
    this.buffer = larger;
  }
}

/** The characters of a text: of its `t` element, or of the one of each of its runs; phonetic runs are left out. */
export class RichText {
  text = '';
  private inText = false;
  private phonetic = 0;
  private hasRuns = false;
  private isTextDue = true;

  constructor(private readonly part: string) {}

  reset(): void {
    this.text = '';
    this.hasRuns = false;
    this.isTextDue = true;
  }

  open(name: string): void {
    if (name === 'rPh') this.phonetic += 1;
    else if (this.phonetic > 0) return;
    else if (name === 'r') this.openRun();
    else if (name === 't') this.openText();
  }

  close(name: string): void {
    if (name === 't') this.inText = false;
    else if (name === 'rPh') this.phonetic -= 1;
  }

  add(text: string): void {
    if (!this.inText || this.phonetic > 0) return;
    this.text += text;
    if (this.text.length > MAX_TEXT_CHARACTERS) throw new IngestError('too-large', `part ${this.part}: a text has more than ${MAX_TEXT_CHARACTERS} characters`);
  }

  private openRun(): void {
    if (!this.hasRuns && !this.isTextDue) throw this.doubled();
    this.hasRuns = true;
    this.isTextDue = true;
  }

  private openText(): void {
    if (!this.isTextDue) throw this.doubled();
    this.isTextDue = false;
    this.inText = true;
  }

  private doubled(): Error {
    return malformed(this.part, `has two texts where one is due, behind "${this.text.slice(0, 40)}"`);
  }
}

/** Characters that XML cannot hold are written `_x000D_`; an underscore that would look like that is `_x005F_`. */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/gu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
