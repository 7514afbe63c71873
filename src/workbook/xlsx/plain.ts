import type { XmlHandler } from './xml.js';

/**
 * A quick reader of plain XML: what nearly all rows and shared texts are made of. It knows start tags with attributes in
 * double quotes, end tags, text with the five references that XML itself defines, and nothing else. Whatever is unusual
 * or wrong (comments, CDATA, prefixes, character references, control characters, tags that do not match…) it hands
 * back untouched, for the strict parser to read or to refuse. So it decides on nothing, it only saves time.
 */
export class PlainXml {
  /** The elements that are open, outermost first. */
  readonly open: string[] = [];
  private kept = '';
  private attributes: Record<string, string> = NONE;

  constructor(private readonly handler: XmlHandler) {}

  /**
   * Reads on. Undefined where all was plain; a tag or text that has not come whole is kept for the next call. Otherwise
   * the rest, from the beginning of what is unusual.
   */
  read(chunk: string): string | undefined {
    const text = this.kept + chunk;
    this.kept = '';
    let at = 0;
    for (;;) {
      const next = text.charCodeAt(at) === LESS ? this.leaf(text, at) ?? this.tag(text, at) : this.text(text, at);
      if (next === UNUSUAL) return text.slice(at);
      if (next === CUT_OFF) break;
      at = next;
    }
    // What is this long without an end is for the strict parser, which knows a limit.
    if (text.length - at > MAX_KEPT) return text.slice(at);
    this.kept = text.slice(at);
    return undefined;
  }

  /** Gives back what was kept: nothing more comes. */
  rest(): string {
    const { kept } = this;
    this.kept = '';
    return kept;
  }

  private text(text: string, from: number): number {
    let at = from;
    let decoded = '';
    let begun = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === LESS) break;
      if (code === AMPERSAND) {
        const reference = REFERENCES.find(({ name }) => text.startsWith(name, at));
        if (reference === undefined) return text.length - at < LONGEST_REFERENCE ? CUT_OFF : UNUSUAL;
        decoded += text.slice(begun, at) + reference.sign;
        at += reference.name.length;
        begun = at;
      } else if (isPlain(code) && code !== BRACKET) at += 1;
      else return at >= text.length ? CUT_OFF : UNUSUAL;
    }
    this.handler.text(begun === from ? text.slice(from, at) : decoded + text.slice(begun, at));
    return at;
  }

  /** A whole element right within a unit, where the handler knows it as one. Returns the place behind it. */
  private leaf(text: string, from: number): number | undefined {
    const { leaf } = this.handler;
    if (leaf === undefined || this.open.length !== 1) return undefined;
    leaf.pattern.lastIndex = from;
    const match = leaf.pattern.exec(text);
    if (match === null) return undefined;
    leaf.take(match);
    return leaf.pattern.lastIndex;
  }

  private tag(text: string, from: number): number {
    if (text.charCodeAt(from + 1) === SLASH) return this.endTag(text, from);
    const nameEnd = wordEnd(text, from + 1);
    if (nameEnd === text.length) return CUT_OFF;
    if (nameEnd === from + 1) return UNUSUAL;
    const end = this.readAttributes(text, nameEnd);
    if (end < 0) return end;
    const isEmpty = text.charCodeAt(end) === SLASH;
    if (isEmpty && end + 1 === text.length) return CUT_OFF;
    if (isEmpty && text.charCodeAt(end + 1) !== GREATER) return UNUSUAL;
    if (!isEmpty && this.open.length === MAX_OPEN) return UNUSUAL;
    const name = text.slice(from + 1, nameEnd);
    this.handler.open(name, this.attributes);
    if (isEmpty) this.handler.close(name);
    else this.open.push(name);
    return isEmpty ? end + 2 : end + 1;
  }

  /** Reads the attributes of a tag. Returns the place of the `>` or `/` behind them. */
  private readAttributes(text: string, from: number): number {
    this.attributes = NONE;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === GREATER || code === SLASH) return at;
      if (at >= text.length) return CUT_OFF;
      if (code !== SPACE) return UNUSUAL;
      at += 1;
      const nameEnd = nameEndOf(text, at);
      // A space before the end of the tag.
      if (nameEnd === at) continue;
      const valueEnd = valueEndOf(text, nameEnd);
      if (valueEnd < 0) return valueEnd;
      const name = text.slice(at, nameEnd);
      if (this.attributes === NONE) this.attributes = {};
      else if (Object.hasOwn(this.attributes, name)) return UNUSUAL;
      this.attributes[name] = text.slice(nameEnd + 2, valueEnd);
      at = valueEnd + 1;
    }
  }

  private endTag(text: string, from: number): number {
    const name = this.open[this.open.length - 1];
    if (name === undefined) return UNUSUAL;
    const end = from + 2 + name.length;
    if (end >= text.length) return CUT_OFF;
    if (text.charCodeAt(end) !== GREATER || !text.startsWith(name, from + 2)) return UNUSUAL;
    this.open.pop();
    this.handler.close(name);
    return end + 1;
  }
}

const UNUSUAL = -1;
const CUT_OFF = -2;
const NONE: Record<string, string> = Object.freeze({});
const MAX_OPEN = 16;
const MAX_KEPT = 131_072;

const [TAB, LINE_FEED, SPACE, QUOTE, AMPERSAND, SLASH, COLON, LESS, EQUALS, GREATER, BRACKET] = [9, 10, 32, 34, 38, 47, 58, 60, 61, 62, 93];
/** From here on a code may be half of a character, or none. */
const FIRST_SURROGATE = 0xd800;

const REFERENCES = [['&amp;', '&'], ['&lt;', '<'], ['&gt;', '>'], ['&quot;', '"'], ['&apos;', "'"]].map(([name, sign]) => ({ name: name!, sign: sign! }));
const LONGEST_REFERENCE = 6;

/** NaN, behind the end, is not plain. */
function isPlain(code: number): boolean {
  return (code >= SPACE && code < FIRST_SURROGATE && (code < 127 || code > 159)) || code === LINE_FEED || code === TAB;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isWordPart(code: number): boolean {
  return isLetter(code) || (code >= 48 && code <= 57);
}

/** Where a name ends that has no prefix; where it begins, if it does not begin as one. */
function wordEnd(text: string, from: number): number {
  if (from < text.length && !isLetter(text.charCodeAt(from))) return from;
  let at = from;
  while (isWordPart(text.charCodeAt(at))) at += 1;
  return at;
}

/** As `wordEnd`, for the names of attributes: they may have a prefix. */
function nameEndOf(text: string, from: number): number {
  const end = wordEnd(text, from);
  return end > from && text.charCodeAt(end) === COLON && isLetter(text.charCodeAt(end + 1)) ? wordEnd(text, end + 1) : end;
}

/** Where the value of an attribute ends whose name ends at `from`: the place of the quote. */
function valueEndOf(text: string, from: number): number {
  if (from + 1 >= text.length) return CUT_OFF;
  if (text.charCodeAt(from) !== EQUALS || text.charCodeAt(from + 1) !== QUOTE) return UNUSUAL;
  let at = from + 2;
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at += 1)) {
    if (at >= text.length) return CUT_OFF;
    if (code < SPACE || code === AMPERSAND || code === LESS || !isPlain(code)) return UNUSUAL;
  }
  return at;
}
