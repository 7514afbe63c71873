import { letterAt, LETTERS, MAX_LETTERS, wholeNumber } from './digits.js';
import { NUMBER, SHARED, TEXT } from './packed.js';
import { literal, UNUSUAL, type PlainXml } from './plain.js';

/**
 * Scans cells that are written as spreadsheet programs write them, `<c r="A2" s="1" t="s"><v>7</v></c>`: for
 * attributes in any order a cell takes twice as long and more. Whatever is not written so is UNUSUAL, for PlainXml to scan.
 */
export class UsualCell {
  /** Of the cell that was scanned last: its column from 0, its style or -1, its kind, and the place of its value. */
  column = -1;
  style = NO_STYLE;
  kind: number = NUMBER;
  start = 0;
  end = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private rowStart = 0;
  private rowEnd = 0;

  /** Inline texts are scanned by `xml`, which says what they are made of. */
  constructor(private readonly xml: PlainXml) {}

  /** Turns to other bytes. */
  turnTo(bytes: Buffer): void {
    this.bytes = bytes;
  }

  /** Turns to a row, by the place of its number: the addresses of its cells end with that. */
  turnToRow(start: number, end: number): void {
    this.rowStart = start;
    this.rowEnd = end;
  }

  /** Scans a cell. Returns the place behind it. */
  read(from: number): number {
    const { bytes } = this;
    if (int32At(bytes, from) !== CELL || int16At(bytes, from + 4) !== IS) return UNUSUAL;
    const address = this.behindAddress(from + 6);
    if (address === UNUSUAL) return UNUSUAL;
    const at = this.behindStyle(address);
    if (int32At(bytes, at) === VALUE) return this.behindNumber(at + 4, NUMBER);
    if (int32At(bytes, at) !== TYPE) return UNUSUAL;
    if (int16At(bytes, at + 4) === OF_SHARED && int32At(bytes, at + 6) === VALUE) return this.behindNumber(at + 10, SHARED);
    return this.behindInline(at + 4);
  }

  private behindAddress(from: number): number {
    const { bytes, rowStart, rowEnd } = this;
    let at = from;
    let column = 0;
    for (let letter = letterAt(bytes, at); letter > 0 && at - from < MAX_LETTERS; letter = letterAt(bytes, at += 1)) column = column * LETTERS + letter;
    this.column = column - 1;
    for (let digit = rowStart; digit < rowEnd; digit += 1, at += 1) {
      if (bytes[at] !== bytes[digit]) return UNUSUAL;
    }
    return column > 0 && rowEnd > rowStart && bytes[at] === QUOTE ? at + 1 : UNUSUAL;
  }

  /** There may be none. One that is no number leads back to where no cell goes on. */
  private behindStyle(from: number): number {
    const { bytes } = this;
    this.style = NO_STYLE;
    if (int32At(bytes, from) !== STYLE) return from;
    const begun = from + 4;
    let at = begun;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
    this.style = wholeNumber(bytes, begun, at);
    return !Number.isNaN(this.style) && bytes[at] === QUOTE ? at + 1 : from;
  }

  private behindNumber(from: number, kind: number): number {
    const { bytes } = this;
    let at = from;
    while (bytes[at]! >= MINUS && bytes[at]! <= NINE) at += 1;
    this.kind = kind;
    this.start = from;
    this.end = at;
    return at > from && int32At(bytes, at) === VALUE_END && int32At(bytes, at + 4) === CELL_END ? at + 8 : UNUSUAL;
  }

  private behindInline(from: number): number {
    const { xml } = this;
    if (!xml.has(INLINE, from)) return UNUSUAL;
    const tag = from + INLINE.length;
    const start = xml.has(PRESERVED, tag) ? tag + PRESERVED.length : tag;
    if (this.bytes[start] !== GREATER) return UNUSUAL;
    const end = xml.text(start + 1);
    this.kind = TEXT;
    this.start = start + 1;
    this.end = end;
    return end !== UNUSUAL && xml.has(INLINE_END, end) ? end + INLINE_END.length : UNUSUAL;
  }
}

const NO_STYLE = -1;
const [QUOTE, MINUS, ZERO, NINE, GREATER] = [34, 45, 48, 57, 62] as const;

/** Four bytes as one number, to be compared at once. */
function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function int16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

const [CELL, STYLE, TYPE, VALUE, VALUE_END, CELL_END] = ['<c r', ' s="', ' t="', '><v>', '</v>', '</c>'].map((text) => int32At(Buffer.from(text), 0));
const [IS, OF_SHARED] = ['="', 's"'].map((text) => int16At(Buffer.from(text), 0));
const INLINE = literal('inlineStr"><is><t');
const PRESERVED = literal(' xml:space="preserve"');
const INLINE_END = literal('</t></is></c>');
