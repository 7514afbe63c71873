import type { Readable } from 'node:stream';
import type { ReadSettings } from '../../config/settings.js';
import { IngestError } from '../../errors.js';
import type { Cell, SheetRow } from '../cell.js';
import { inBatches } from '../row-batches.js';
import { readXml } from '../xlsx/xml.js';
import { malformed } from '../xlsx/zip.js';
import type { OdsStyles } from './styles.js';

type Attributes = Readonly<Record<string, string>>;
type Limits = ReadSettings['limits'];

const PART = 'content.xml';
/** Cells that repeat are cheap in the file, too. */
const MAX_REPEATED = 4_194_304;
const MAX_ROW_CHARACTERS = 2_097_152;
/** What stands within a paragraph without being part of its text. */
const ASIDES = new Set(['annotation', 'ruby-text', 'note', 'frame', 'custom-shape', 'g']);

/** The rows of the table at an index, as they come. */
export async function* readTable(content: () => Promise<Readable>, index: number, styles: OdsStyles, limits: Limits): AsyncGenerator<readonly SheetRow[]> {
  const table = new Table(index, styles, limits);
  for await (const _ of readXml(PART, await content(), table)) {
    yield* inBatches(unfolded(table.take()));
    if (table.isOver) return;
  }
}

interface RepeatedRow {
  readonly row: SheetRow;
  readonly times: number;
}

/** A repeated row is cheap in the file, not in memory: its copies are made as they are handed on. */
function* unfolded(rows: readonly RepeatedRow[]): Generator<SheetRow> {
  for (const { row, times } of rows) {
    for (let copy = 0; copy < times; copy += 1) yield { ...row, number: row.number + copy };
  }
}

/** Follows the elements of one table. */
class Table {
  isOver = false;
  private rows: RepeatedRow[] = [];
  private tables = 0;
  private depth = 0;
  private columnStyles: { upTo: number; style: string | undefined }[] = [];
  private next = 1;
  private repeated = 0;
  private row: { cells: (Cell | undefined)[]; next: number; hidden: boolean; times: number; characters: number; style: string | undefined } | undefined;
  private cell: CellText | undefined;

  constructor(private readonly index: number, private readonly styles: OdsStyles, private readonly limits: Limits) {}

  take(): RepeatedRow[] {
    const rows = this.rows;
    this.rows = [];
    return rows;
  }

  open(name: string, attributes: Attributes): void {
    if (name === 'table' && (this.depth += 1) === 1) this.tables += 1;
    if (!this.isInside) return;
    if (this.cell !== undefined) this.cell.open(name, attributes);
    else if (name === 'table-column') this.addColumn(attributes);
    else if (name === 'table-row') this.openRow(attributes);
    else if (this.row !== undefined && name === 'table-cell') this.cell = new CellText(attributes);
    else if (this.row !== undefined && name === 'covered-table-cell') this.row.next += timesOf(attributes, 'table:number-columns-repeated');
  }

  close(name: string): void {
    if (this.isInside) {
      if (this.cell?.close() === 'over') this.closeCell();
      else if (name === 'table-row' && this.cell === undefined) this.closeRow();
    }
    if (name === 'table' && (this.depth -= 1) === 0 && this.tables === this.index + 1) this.isOver = true;
  }

  text(text: string): void {
    this.cell?.add(text);
  }

  private get isInside(): boolean {
    return this.tables === this.index + 1 && this.depth > 0;
  }

  private addColumn(attributes: Attributes): void {
    const from = this.columnStyles.at(-1)?.upTo ?? 0;
    this.columnStyles.push({ upTo: from + timesOf(attributes, 'table:number-columns-repeated'), style: attributes['table:default-cell-style-name'] });
  }

  private openRow(attributes: Attributes): void {
    const visibility = attributes['table:visibility'] ?? 'visible';
    this.row = {
      cells: [], next: 0, characters: 0, hidden: visibility !== 'visible',
      times: timesOf(attributes, 'table:number-rows-repeated'), style: attributes['table:default-cell-style-name'],
    };
  }

  private closeRow(): void {
    const { cells, hidden, times } = this.row!;
    const number = this.next;
    this.row = undefined;
    this.next += times;
    if (cells.length === 0) return;
    if (this.next - 1 > this.limits.rows) throw new IngestError('too-large', `has more than the ${this.limits.rows} rows allowed; split it into several workbooks`);
    this.rows.push({ row: { number, hidden, cells }, times });
  }

  private closeCell(): void {
    const { row, cell } = this;
    this.cell = undefined;
    const times = timesOf(cell!.attributes, 'table:number-columns-repeated');
    const first = row!.next;
    row!.next += times;
    const value = cell!.value(this.styles.formatOf(cell!.attributes['table:style-name'] ?? row!.style ?? this.columnStyle(first)));
    if (value === undefined) return;
    if (row!.next > this.limits.columns) throw new IngestError('too-large', `row ${this.next} has more than the ${this.limits.columns} columns allowed`);
    if (value.text.length > this.limits.cellCharacters) throw new IngestError('too-large', `row ${this.next}: a cell holds more than the ${this.limits.cellCharacters} characters allowed`);
    if ((row!.characters += value.text.length * times) > MAX_ROW_CHARACTERS) throw new IngestError('too-large', `row ${this.next}: its cells hold more than the ${MAX_ROW_CHARACTERS} characters allowed`);
    if ((this.repeated += times - 1) > MAX_REPEATED) throw new IngestError('too-large', `has more than ${MAX_REPEATED} cells that repeat another; save it as .xlsx`);
    for (let column = first; column < row!.next; column += 1) row!.cells[column] = value;
  }

  private columnStyle(column: number): string | undefined {
    return this.columnStyles.find(({ upTo }) => column < upTo)?.style;
  }
}

function timesOf(attributes: Attributes, name: string): number {
  const text = attributes[name] ?? '1';
  if (!/^[1-9]\d{0,8}$/u.test(text)) throw malformed(PART, `has "${text.slice(0, 20)}" where a count is due`);
  return Number(text);
}

/** A cell's attributes and the text of its own paragraphs. */
class CellText {
  private readonly paragraphs: string[] = [];
  private depth = 0;
  private asides = 0;
  private characters = 0;

  constructor(readonly attributes: Attributes) {}

  open(name: string, attributes: Attributes): void {
    this.depth += 1;
    if (this.asides > 0 || ASIDES.has(name)) this.asides += 1;
    else if (this.depth === 1) { if (name === 'p') this.paragraphs.push(''); else this.asides += 1; }
    else if (name === 's') this.add(' '.repeat(Math.min(Number(attributes['text:c'] ?? 1) || 1, 32_767)));
    else if (name === 'tab') this.add('\t');
    else if (name === 'line-break') this.add('\n');
  }

  /** Takes the end of an element: `over` where it is the cell's own. */
  close(): 'over' | 'inside' {
    if (this.depth === 0) return 'over';
    this.depth -= 1;
    if (this.asides > 0) this.asides -= 1;
    return 'inside';
  }

  add(text: string): void {
    if (this.depth === 0 || this.asides > 0) return;
    this.paragraphs[this.paragraphs.length - 1] += text;
    if ((this.characters += text.length) > MAX_ROW_CHARACTERS) throw new IngestError('too-large', `a cell holds more than ${MAX_ROW_CHARACTERS} characters`);
  }

  value(format: string | undefined): Cell | undefined {
    const { attributes } = this;
    const shown = this.paragraphs.join('\n');
    if (attributes['calcext:value-type'] === 'error') return { type: 'error', text: shown === '' ? '#VALUE!' : shown };
    switch (attributes['office:value-type']) {
      case undefined: return this.untyped(shown);
      case 'string': return textCell(attributes['office:string-value'] ?? shown);
      case 'float': case 'percentage': case 'currency': return numberCell(attributes['office:value'], format);
      case 'date': return { type: 'date', text: attributes['office:date-value'] ?? '' };
      case 'time': return { type: 'date', text: attributes['office:time-value'] ?? '' };
      case 'boolean': return { type: 'boolean', text: attributes['office:boolean-value'] === 'true' ? 'TRUE' : 'FALSE' };
      default: throw malformed(PART, `has a cell of the unknown type "${attributes['office:value-type'].slice(0, 20)}"`);
    }
  }

  private untyped(shown: string): Cell | undefined {
    return this.attributes['table:formula'] === undefined ? textCell(shown) : { type: 'uncalculated', text: shown };
  }
}

function textCell(text: string): Cell | undefined {
  return text === '' ? undefined : { type: 'text', text };
}

function numberCell(text: string | undefined, format: string | undefined): Cell {
  if (text === undefined || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/u.test(text)) throw malformed(PART, `has "${(text ?? '').slice(0, 20)}" where a number is due`);
  return { type: 'number', text, format };
}
