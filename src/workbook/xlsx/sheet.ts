import type { ReadSettings } from '../../config/settings.js';
import { IngestError } from '../../errors.js';
import type { Cell, SheetRow } from '../cell.js';
import type { Merge } from '../merged.js';
import { isNumber } from './digits.js';
import { isTrue, type SheetPart, type WorkbookParts } from './parts.js';
import { MAX_ROW_CHARACTERS, PlainRows, type RowsSoFar } from './plain-rows.js';
import { RichText, unescaped } from './rich-text.js';
import type { SharedStrings } from './strings.js';
import { readXml, type XmlHandler } from './xml.js';
import { hostile, malformed, type Zip } from './zip.js';

/** Rows of a sheet as they come, in batches. The merged cells, which stand behind them, are added to `merges`. */
export async function* readSheet(
  zip: Zip, sheet: SheetPart, parts: WorkbookParts, strings: SharedStrings | undefined, limits: ReadSettings['limits'],
  merges: Merge[],
): AsyncGenerator<readonly SheetRow[]> {
  const builder = new RowBuilder(sheet, parts.formats, strings, limits, merges);
  const plain = new PlainRows(builder, strings, parts.formats, limits);
  for await (const _ of readXml(sheet.part, await zip.stream(sheet.part), builder, plain)) {
    const rows = builder.take();
    if (rows.length > 0) yield rows;
  }
}

type Attributes = Readonly<Record<string, string>>;

const UNCALCULATED: Cell = { type: 'uncalculated', text: '' };

/** Makes rows of what the strict reader tells; those that are plain come among them as they are. */
export class RowBuilder implements XmlHandler, RowsSoFar {
  row = 0;
  private rows: SheetRow[] = [];
  private cells: (Cell | undefined)[] = [];
  private characters = 0;
  private column = -1;
  private hidden = false;
  private inData = false;
  private inRow = false;
  private inCell = false;
  private inValue = false;
  private inText = false;
  private hasFormula = false;
  private hasValue = false;
  private hasText = false;
  private type = 'n';
  private format: string | undefined;
  private value = '';
  private readonly rich: RichText;

  constructor(
    private readonly sheet: SheetPart,
    private readonly formats: readonly (string | undefined)[],
    private readonly strings: SharedStrings | undefined,
    private readonly limits: ReadSettings['limits'],
    private readonly merges: Merge[],
  ) {
    this.rich = new RichText(sheet.part);
  }

  add(row: SheetRow): void {
    this.rows.push(row);
  }

  take(): SheetRow[] {
    const rows = this.rows;
    if (rows.length > 0) this.rows = [];
    return rows;
  }

  open(name: string, attributes: Attributes): void {
    if (this.inCell) this.openInCell(name);
    else if (name === 'c' && this.inData) this.openCell(attributes['r'], attributes['s'], attributes['t']);
    else if (name === 'row' && this.inData) this.openRow(attributes);
    else if (name === 'sheetData') this.openData();
    else if (name === 'mergeCell' && !this.inData) this.addMerge(attributes['ref'] ?? '');
  }

  close(name: string): void {
    if (this.inCell) this.closeInCell(name);
    else if (name === 'row' && this.inData) this.closeRow();
    else if (name === 'sheetData') this.inData = false;
  }

  text(text: string): void {
    if (!this.inCell) return;
    if (!this.inValue) return this.rich.add(text);
    this.value += text;
    if (this.value.length > MAX_ROW_CHARACTERS) throw this.tooLong('a cell holds', MAX_ROW_CHARACTERS);
  }

  private addMerge(ref: string): void {
    const range = /^([A-Z]{1,3})([1-9]\d{0,6})(?::([A-Z]{1,3})([1-9]\d{0,6}))?$/u.exec(ref);
    if (range === null) throw malformed(this.sheet.part, `has merged cells "${ref.slice(0, 20)}"`);
    if (this.merges.length === this.limits.rows) throw this.hostile(`has more than ${this.limits.rows} merged cells`);
    const [, left, top, right = left, bottom = top] = range;
    this.merges.push({ left: columnNumber(left!), top: Number(top), right: columnNumber(right!), bottom: Number(bottom) });
  }

  private openData(): void {
    if (this.inData || this.row > 0) throw malformed(this.sheet.part, 'has its rows in two places');
    this.inData = true;
  }

  /** Where elements stand in each other that should not, it is anybody's guess to which row a cell belongs. */
  private openRow(attributes: Attributes): void {
    if (this.inRow) throw malformed(this.sheet.part, `row ${this.row} has a row in it`);
    this.inRow = true;
    const row = attributes['r'] === undefined ? this.row + 1 : wholeNumber(attributes['r']);
    if (!(row > this.row)) throw this.hostile(`row ${attributes['r'] ?? ''} comes behind row ${this.row}`);
    if (row > this.limits.rows) throw new IngestError('too-large', `sheet "${this.sheet.name}" has a row ${row}, more than the ${this.limits.rows} allowed`);
    this.row = row;
    this.column = -1;
    this.characters = 0;
    this.hidden = isTrue(attributes['hidden']);
  }

  private closeRow(): void {
    this.inRow = false;
    if (this.cells.length === 0) return;
    this.add({ number: this.row, hidden: this.hidden, cells: this.cells });
    this.cells = [];
  }

  private openCell(address: string | undefined, style: string | undefined, type = 'n'): void {
    if (!this.inRow) throw malformed(this.sheet.part, `has a cell outside of its rows, behind row ${this.row}`);
    const column = address === undefined ? this.column + 1 : this.columnOf(address);
    if (column <= this.column) throw this.hostile(`cell ${address ?? ''} of row ${this.row} comes behind a later one`);
    if (column >= this.limits.columns) throw new IngestError('too-large', `sheet "${this.sheet.name}" has more than the ${this.limits.columns} columns allowed`);
    this.column = column;
    this.type = type;
    this.format = style === undefined ? undefined : this.formats[Number(style)];
    this.inCell = true;
    this.hasFormula = false;
    this.hasValue = false;
    this.hasText = false;
    this.value = '';
    this.rich.reset();
  }

  private openInCell(name: string): void {
    if (name === 'c' || this.inValue || (name === 'v' && this.hasValue) || (name === 'is' && this.hasText)) {
      throw malformed(this.sheet.part, `row ${this.row} has a cell with more in it than one value`);
    }
    if (name === 'v') this.inValue = this.hasValue = true;
    else if (name === 'is') this.inText = this.hasText = true;
    else if (name === 'f') this.hasFormula = true;
    else if (this.inText) this.rich.open(name);
  }

  private closeInCell(name: string): void {
    if (name === 'v') this.inValue = false;
    else if (name === 'is') this.inText = false;
    else if (name === 'c') this.closeCell();
    else if (this.inText) this.rich.close(name);
  }

  private closeCell(): void {
    this.inCell = false;
    const cell = this.hasValue || this.hasText ? this.valued() : this.hasFormula ? UNCALCULATED : undefined;
    if (cell === undefined) return;
    if (cell.text.length > this.limits.cellCharacters) throw this.tooLong('a cell holds', this.limits.cellCharacters);
    if ((this.characters += cell.text.length) > MAX_ROW_CHARACTERS) throw this.tooLong('its cells hold', MAX_ROW_CHARACTERS);
    this.cells[this.column] = cell;
  }

  private tooLong(what: string, most: number): IngestError {
    return new IngestError('too-large', `sheet "${this.sheet.name}" row ${this.row}: ${what} more than the ${most} characters allowed`);
  }

  private valued(): Cell | undefined {
    switch (this.type) {
      case 's': return { type: 'text', text: this.shared(), format: this.format };
      case 'str': return { type: 'text', text: unescaped(this.value), format: this.format };
      case 'inlineStr': return { type: 'text', text: unescaped(this.rich.text), format: this.format };
      case 'b': return { type: 'boolean', text: isTrue(this.value.trim()) ? 'TRUE' : 'FALSE' };
      case 'e': return { type: 'error', text: this.value };
      case 'd': return { type: 'date', text: this.value.trim() };
      case 'n': return this.number();
      default: throw malformed(this.sheet.part, `row ${this.row} has a cell of the unknown type "${this.type}"`);
    }
  }

  private number(): Cell | undefined {
    const text = this.value.trim();
    // Some programs write an empty value beside a formula that nobody has calculated: it is not an empty cell.
    if (text === '') return this.hasFormula ? UNCALCULATED : undefined;
    if (!isNumber(text)) throw malformed(this.sheet.part, `row ${this.row} has "${text.slice(0, 40)}" where a number is due`);
    return { type: 'number', text, format: this.format };
  }

  private shared(): string {
    const text = this.strings?.at(wholeNumber(this.value.trim()));
    if (text === undefined) throw this.hostile(`row ${this.row} names the shared text ${this.value.slice(0, 20)}, which does not exist`);
    return text;
  }

  private columnOf(address: string): number {
    let column = 0;
    let at = 0;
    for (let code = address.charCodeAt(0); code >= 65 && code <= 90; code = address.charCodeAt(at += 1)) column = column * 26 + code - 64;
    if (at === 0 || at > 3 || wholeNumber(address.slice(at)) !== this.row) throw this.hostile(`row ${this.row} has a cell with the address "${address.slice(0, 20)}"`);
    return column - 1;
  }

  private hostile(what: string): IngestError {
    return hostile(this.sheet.part, what);
  }
}

/** The index of a column by its letters: A is 0. */
function columnNumber(letters: string): number {
  return [...letters].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/** The number that digits spell, and nothing else does: NaN for `0x10`, `1e3` and an empty text. */
function wholeNumber(text: string): number {
  let number = text === '' ? NaN : 0;
  // By hand: every cell has two of them.
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
}

const ZERO = 48;
