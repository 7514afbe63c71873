import type { ReadSettings } from '../../config/settings.js';
import { columnIn, isCleanNumber, isNumber, wholeNumber } from './digits.js';
import { HAS_REFERENCES, IS_CLEAN, KINDS, NUMBER, PackedCells, PackedRow, SHARED, TEXT } from './packed.js';
import { isTrue } from './parts.js';
import { literal, PlainXml, UNUSUAL } from './plain.js';
import type { SharedStrings } from './strings.js';
import { UsualCell } from './usual-cell.js';
import type { PlainUnits } from './xml.js';

/** A row whose cells name one long shared text over and over is short in the file, not in memory. */
export const MAX_ROW_CHARACTERS = 2_097_152;

/** The rows of a sheet as far as they have come. */
export interface RowsSoFar {
  /** The number of the last one. */
  row: number;
  add(row: PackedRow): void;
}

/** Reads rows that are written as they are nearly always, and says the same of them as the strict reader does. */
export class PlainRows implements PlainUnits {
  readonly unit = 'row';
  readonly within = 'sheetData';
  private readonly xml = new PlainXml();
  private readonly usual = new UsualCell(this.xml);
  private readonly cells: PackedCells;
  private number = 0;
  private column = -1;
  private style = -1;
  private kind: number = NUMBER;
  private isInline = false;
  private hidden = false;
  private characters = 0;

  constructor(
    private readonly rows: RowsSoFar, private readonly strings: SharedStrings | undefined,
    formats: readonly (string | undefined)[], private readonly limits: ReadSettings['limits'],
  ) {
    this.cells = new PackedCells(strings, formats);
  }

  turnTo(bytes: Buffer): void {
    this.xml.turnTo(bytes);
    this.usual.turnTo(bytes);
    this.cells.turnTo(bytes);
  }

  read(from: number): number {
    let at = from;
    for (let next = this.readRow(from); next !== UNUSUAL; next = this.readRow(at)) at = next;
    return at;
  }

  private readRow(from: number): number {
    const { cells, rows } = this;
    const first = cells.count;
    const next = this.readCellsOf(this.xml.behindSpace(from));
    if (next === UNUSUAL) cells.count = first;
    else {
      rows.row = this.number;
      if (cells.count > first) rows.add(new PackedRow(this.number, this.hidden, cells, first, cells.count));
    }
    return next;
  }

  private readCellsOf(from: number): number {
    const { xml } = this;
    if (!xml.has(ROW, from)) return UNUSUAL;
    const at = xml.tag(from + ROW.length);
    if (at === UNUSUAL || !this.takeRowTag()) return UNUSUAL;
    return xml.isEmpty(at) ? at + 2 : this.readCells(at + 1);
  }

  private takeRowTag(): boolean {
    const { xml } = this;
    this.number = this.rows.row + 1;
    this.column = -1;
    this.hidden = false;
    this.characters = 0;
    this.usual.turnToRow(0, 0);
    for (let attribute = 0; attribute < xml.attributes; attribute += 1) {
      if (xml.isNamed(attribute, R)) this.takeNumber(xml.valueStart(attribute), xml.valueEnd(attribute));
      else if (xml.isNamed(attribute, HIDDEN)) this.hidden = isTrue(xml.value(attribute));
    }
    return this.number > this.rows.row && this.number <= this.limits.rows;
  }

  private takeNumber(start: number, end: number): void {
    this.number = wholeNumber(this.cells.bytes, start, end);
    this.usual.turnToRow(start, end);
  }

  private readCells(from: number): number {
    const { xml } = this;
    for (let at = xml.behindSpace(from); ; at = xml.behindSpace(at)) {
      const usual = this.usual.read(at);
      if (usual !== UNUSUAL) {
        if (!this.takeUsual()) return UNUSUAL;
        at = usual;
        continue;
      }
      if (!xml.has(CELL, at)) return xml.has(ROW_END, at) ? at + ROW_END.length : UNUSUAL;
      const end = xml.tag(at + CELL.length);
      if (end === UNUSUAL || !this.takeCellTag()) return UNUSUAL;
      at = xml.isEmpty(end) ? end + 2 : this.readContent(end + 1);
      if (at === UNUSUAL) return UNUSUAL;
    }
  }

  private takeUsual(): boolean {
    const { column, style, kind, start, end } = this.usual;
    this.style = style;
    this.kind = kind;
    return this.takeColumn(column) && this.take(start, end);
  }

  private takeCellTag(): boolean {
    const { xml, cells: { bytes } } = this;
    let column = this.column + 1;
    this.style = -1;
    this.kind = NUMBER;
    this.isInline = false;
    for (let attribute = 0; attribute < xml.attributes; attribute += 1) {
      const from = xml.valueStart(attribute);
      const to = xml.valueEnd(attribute);
      if (xml.isNamed(attribute, R)) column = columnIn(bytes, from, to, this.number);
      else if (xml.isNamed(attribute, S)) {
        this.style = wholeNumber(bytes, from, to);
        if (Number.isNaN(this.style)) return false;
      } else if (xml.isNamed(attribute, T) && !this.takeType(from, to)) return false;
    }
    return this.takeColumn(column);
  }

  private takeColumn(column: number): boolean {
    if (!(column > this.column && column < this.limits.columns)) return false;
    this.column = column;
    return true;
  }

  private takeType(from: number, to: number): boolean {
    const { xml } = this;
    this.isInline = to - from === INLINE.length && xml.has(INLINE, from);
    this.kind = this.isInline ? TEXT : TYPES.findIndex((type) => type.length === to - from && xml.has(type, from));
    return this.kind >= 0;
  }

  private readContent(from: number): number {
    const { xml } = this;
    if (xml.has(CELL_END, from)) return from + CELL_END.length;
    if (this.isInline) return this.readInline(from);
    const at = xml.has(FORMULA, from) ? this.behindFormula(from + FORMULA.length) : from;
    if (at === UNUSUAL || !xml.has(VALUE, at)) return UNUSUAL;
    const start = at + VALUE.length;
    const end = xml.text(start);
    return end > start && this.take(start, end) && xml.has(VALUE_END, end) ? end + VALUE_END.length : UNUSUAL;
  }

  /** What a formula has come to stands behind it, and is all that counts. */
  private behindFormula(from: number): number {
    const { xml } = this;
    const at = xml.tag(from);
    if (at === UNUSUAL) return UNUSUAL;
    if (xml.isEmpty(at)) return at + 2;
    const end = xml.text(at + 1);
    return end !== UNUSUAL && xml.has(FORMULA_END, end) ? end + FORMULA_END.length : UNUSUAL;
  }

  private readInline(from: number): number {
    const { xml } = this;
    const tag = xml.has(INLINE_TEXT, from) ? xml.tag(from + INLINE_TEXT.length) : UNUSUAL;
    if (tag === UNUSUAL || xml.isEmpty(tag)) return UNUSUAL;
    const end = xml.text(tag + 1);
    return end !== UNUSUAL && xml.has(INLINE_END, end) && this.take(tag + 1, end) ? end + INLINE_END.length : UNUSUAL;
  }

  /** Takes the value of a cell, right after it was scanned; false where it is none of its type, or too long. */
  private take(start: number, end: number): boolean {
    const { xml, kind, cells } = this;
    if (kind === SHARED) return this.takeShared(wholeNumber(cells.bytes, start, end));
    const isClean = kind === NUMBER ? isCleanNumber(cells.bytes, start, end) : xml.isClean;
    if (kind === NUMBER && !isClean && !isNumber(cells.bytes.toString('latin1', start, end))) return false;
    if (!this.hasRoom(end - start)) return false;
    // Of a number `xml` says nothing: it may not have scanned it.
    const hasReferences = kind !== NUMBER && xml.hasReferences;
    cells.add(this.column, this.style, kind, isClean ? IS_CLEAN : hasReferences ? HAS_REFERENCES : 0, start, end);
    return true;
  }

  private takeShared(index: number): boolean {
    const { strings } = this;
    if (strings === undefined || !(index < strings.count) || !this.hasRoom(strings.bytesOf(index))) return false;
    this.cells.add(this.column, this.style, SHARED, 0, index, 0);
    return true;
  }

  /** A text has at least as many bytes as characters: where these are too many, the strict reader knows whether those are. */
  private hasRoom(bytes: number): boolean {
    return bytes <= this.limits.cellCharacters && (this.characters += bytes) <= MAX_ROW_CHARACTERS;
  }
}

const R = literal('r');
const S = literal('s');
const T = literal('t');
const HIDDEN = literal('hidden');
const ROW = literal('<row');
const ROW_END = literal('</row>');
const CELL = literal('<c');
const CELL_END = literal('</c>');
const FORMULA = literal('<f');
const FORMULA_END = literal('</f>');
const VALUE = literal('<v>');
const VALUE_END = literal('</v></c>');
const INLINE = literal('inlineStr');
const INLINE_TEXT = literal('<is><t');
const INLINE_END = literal('</t></is></c>');
const TYPES = KINDS.map(literal);
