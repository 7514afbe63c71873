import { isUtf8 } from 'node:buffer';

/**
 * Scans plain XML in bytes of UTF-8: what nearly all rows and shared texts are made of. It knows tags with attributes in
 * double quotes and text with the five references that XML itself defines. Whatever else there is or is wrong (comments,
 * CDATA, character references, control characters…) is UNUSUAL, for the strict parser to read or to refuse. So it decides
 * on nothing, it only saves time.
 *
 * Behind the bytes there must be room of ROOM zeros: where they begin everything is unusual, so no step looks for the end.
 */
export class PlainXml {
  /** How many attributes the tag has that was scanned last. */
  attributes = 0;
  /** Of the text that was scanned last: whether it means itself, byte by byte, to everybody (`isClean` of PackedCell). */
  isClean = false;
  hasReferences = false;
  private bytes: Buffer = Buffer.alloc(ROOM);
  private readonly places = new Int32Array(MAX_ATTRIBUTES * 4);

  /** Turns to other bytes. */
  turnTo(bytes: Buffer): void {
    this.bytes = bytes;
  }

  /** Whether these bytes stand at a place. */
  has(literal: Uint8Array, at: number): boolean {
    const { bytes } = this;
    for (let index = 0; index < literal.length; index += 1) {
      if (bytes[at + index] !== literal[index]) return false;
    }
    return true;
  }

  /** The place of the first byte that is no white space. */
  behindSpace(from: number): number {
    let at = from;
    while (this.bytes[at] === SPACE || this.bytes[at] === LINE_FEED || this.bytes[at] === TAB) at += 1;
    return at;
  }

  /** Scans the attributes of a tag from behind its name. Returns the place of its `>` or `/`. */
  tag(from: number): number {
    const { bytes, places } = this;
    let at = from;
    let count = 0;
    while (bytes[at] === SPACE) {
      at += 1;
      const begun = at;
      while (IN_NAME[bytes[at]!] === 1) at += 1;
      // A space before the end of the tag.
      if (at === begun) break;
      if (count === MAX_ATTRIBUTES || bytes[begun]! < FIRST_LETTER || bytes[at] !== EQUALS || bytes[at + 1] !== QUOTE) return UNUSUAL;
      const value = at + 2;
      const end = this.behindValue(value);
      if (end === UNUSUAL) return UNUSUAL;
      const place = count * 4;
      places[place] = begun;
      places[place + 1] = at;
      places[place + 2] = value;
      places[place + 3] = end;
      if (this.isDouble(count)) return UNUSUAL;
      count += 1;
      at = end + 1;
    }
    this.attributes = count;
    return bytes[at] === GREATER || (bytes[at] === SLASH && bytes[at + 1] === GREATER) ? at : UNUSUAL;
  }

  /** Whether the tag that ends at a place is one of an element with nothing in it; the place is where `tag` left it. */
  isEmpty(at: number): boolean {
    return this.bytes[at] === SLASH;
  }

  /** Whether an attribute of the tag has this name. */
  isNamed(attribute: number, name: Uint8Array): boolean {
    const place = attribute * 4;
    return this.places[place + 1]! - this.places[place]! === name.length && this.has(name, this.places[place]!);
  }

  /** Where the value of an attribute begins. */
  valueStart(attribute: number): number {
    return this.places[attribute * 4 + 2]!;
  }

  /** Where the value of an attribute ends. */
  valueEnd(attribute: number): number {
    return this.places[attribute * 4 + 3]!;
  }

  /** The value of an attribute. */
  value(attribute: number): string {
    return this.bytes.toString('latin1', this.valueStart(attribute), this.valueEnd(attribute));
  }

  /** Scans a text. Returns the place of the `<` behind it. */
  text(from: number): number {
    const { bytes } = this;
    let at = from;
    let isClean = true;
    let isWide = false;
    this.hasReferences = false;
    for (;;) {
      switch (KINDS[bytes[at]!]) {
        case CLEAN: break;
        case LETTER:
          if (!isContinuation(bytes[at += 1]!)) return UNUSUAL;
          break;
        case BLANK:
          if (at === from || KINDS[bytes[at + 1]!] === BLANK || bytes[at + 1] === LESS) isClean = false;
          break;
        case SOILED: isClean = false; break;
        case WIDE:
          // U+0080 to U+009F are control characters.
          if (bytes[at] === 0xc2 && bytes[at + 1]! < 0xa0) return UNUSUAL;
          isClean = false;
          isWide = true;
          break;
        case CLOSING:
          if (bytes[at + 1] === bytes[at]) return UNUSUAL;
          break;
        case UNDERSCORE:
          if (bytes[at + 1] === LOWER_X) return UNUSUAL;
          break;
        case REFERENCE: {
          const length = this.reference(at);
          if (length === 0) return UNUSUAL;
          this.hasReferences = true;
          isClean = false;
          at += length - 1;
          break;
        }
        case END:
          this.isClean = isClean && at > from;
          return !isWide || isUtf8(bytes.subarray(from, at)) ? at : UNUSUAL;
        default: return UNUSUAL;
      }
      at += 1;
    }
  }

  private behindValue(from: number): number {
    const { bytes } = this;
    for (let at = from; ; at += 1) {
      const code = bytes[at]!;
      if (code === QUOTE) return at;
      if (code < SPACE || code === AMPERSAND || code === LESS || code > LAST_PLAIN) return UNUSUAL;
    }
  }

  private isDouble(attribute: number): boolean {
    const { bytes, places } = this;
    const from = places[attribute * 4]!;
    const length = places[attribute * 4 + 1]! - from;
    for (let other = 0; other < attribute; other += 1) {
      const begun = places[other * 4]!;
      if (places[other * 4 + 1]! - begun !== length) continue;
      let same = 0;
      while (same < length && bytes[begun + same] === bytes[from + same]) same += 1;
      if (same === length) return true;
    }
    return false;
  }

  /** The length of the reference at a place; 0 where it is none of the five. */
  private reference(at: number): number {
    for (const { name } of REFERENCES) {
      if (this.has(name, at)) return name.length;
    }
    return 0;
  }
}

export const UNUSUAL = -1;
const MAX_ATTRIBUTES = 16;
/** How many zeros must stand behind the bytes: more than any step looks ahead. */
export const ROOM = 16;

/** The text between two places, its references resolved. */
export function decoded(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to).replace(/&(?:amp|lt|gt|quot|apos);/gu, (name) => SIGNS.get(name)!);
}

/** Whether a text is clean (`isClean`), one that was not scanned. */
export function isCleanText(text: string): boolean {
  return CLEAN_TEXT.test(text);
}

/** A literal to look for. */
export function literal(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

const SIGNS = new Map([['&amp;', '&'], ['&lt;', '<'], ['&gt;', '>'], ['&quot;', '"'], ['&apos;', "'"]]);
const REFERENCES = [...SIGNS.keys()].map((name) => ({ name: literal(name) }));

const [TAB, LINE_FEED, SPACE, QUOTE, AMPERSAND, SLASH, LESS, EQUALS, GREATER, FIRST_LETTER, LOWER_X, LAST_PLAIN] = [9, 10, 32, 34, 38, 47, 60, 61, 62, 65, 120, 126] as const;

/** What a byte of a text is. Whatever has no kind is unusual. */
const [CLEAN, LETTER, BLANK, SOILED, WIDE, CLOSING, UNDERSCORE, REFERENCE, END] = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const KINDS = kindsOfBytes();

function kindsOfBytes(): Uint8Array {
  const kinds = new Uint8Array(256);
  kinds.fill(CLEAN, SPACE, LAST_PLAIN + 1);
  kinds[SPACE] = BLANK;
  for (const sign of '\t\n"\\+#') kinds[sign.charCodeAt(0)] = SOILED;
  kinds[LESS] = END;
  kinds[AMPERSAND] = REFERENCE;
  kinds[']'.charCodeAt(0)] = CLOSING;
  kinds['_'.charCodeAt(0)] = UNDERSCORE;
  // U+E000 and what lies behind is for the strict parser: not all of it is allowed.
  kinds.fill(WIDE, 0x80, 0xee);
  // U+00C0 to U+023F: letters (and two signs) that no rule of text changes.
  kinds.fill(LETTER, 0xc3, 0xc9);
  return kinds;
}

const CLEAN_TEXT = /^[!$-*,-[\]-~\u00c0-\u023f]+(?: [!$-*,-[\]-~\u00c0-\u023f]+)*$/u;

const IN_NAME = new Uint8Array(256).map((_, code) => (/[A-Za-z0-9:]/u.test(String.fromCharCode(code)) ? 1 : 0));

function isContinuation(code: number): boolean {
  return code >= 0x80 && code < 0xc0;
}
