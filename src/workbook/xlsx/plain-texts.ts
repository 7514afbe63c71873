import { decoded, literal, PlainXml, UNUSUAL } from './plain.js';
import type { PlainUnits } from './xml.js';

/** Where shared texts go. */
interface Texts {
  add(text: string): void;
  addBytes(bytes: Buffer, from: number, to: number, isClean: boolean): void;
}

/** Takes shared texts that are written as they are nearly always: in one piece. */
export class PlainTexts implements PlainUnits {
  readonly unit = 'si';
  readonly within = 'sst';
  private readonly xml = new PlainXml();
  private bytes: Buffer = Buffer.alloc(0);

  constructor(private readonly strings: Texts) {}

  turnTo(bytes: Buffer): void {
    this.xml.turnTo(bytes);
    this.bytes = bytes;
  }

  read(from: number): number {
    let at = from;
    for (let next = this.readText(from); next !== UNUSUAL; next = this.readText(at)) at = next;
    return at;
  }

  private readText(from: number): number {
    const { xml, strings, bytes } = this;
    const begun = xml.behindSpace(from);
    const tag = xml.has(TEXT, begun) ? xml.tag(begun + TEXT.length) : UNUSUAL;
    if (tag === UNUSUAL || xml.isEmpty(tag)) return UNUSUAL;
    const end = xml.text(tag + 1);
    if (end === UNUSUAL || !xml.has(TEXT_END, end)) return UNUSUAL;
    if (xml.hasReferences) strings.add(decoded(bytes, tag + 1, end));
    else strings.addBytes(bytes, tag + 1, end, xml.isClean);
    return end + TEXT_END.length;
  }
}

const TEXT = literal('<si><t');
const TEXT_END = literal('</t></si>');
