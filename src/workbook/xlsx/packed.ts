import type { Cell, PackedCell, SheetRow } from '../cell.js';
import { isTrue } from './parts.js';
import { decoded } from './plain.js';
import type { SharedStrings } from './strings.js';

/** What the value of a cell is, by its type in the sheet; inline texts have their place among them. */
export const KINDS = ['n', 's', 'str', 'b', 'e', 'd'] as const;
export const [NUMBER, SHARED, TEXT, BOOLEAN, ERROR] = [0, 1, 2, 3, 4] as const;

/** Marks of a cell: its value is clean (`PackedCell`), or has references that are to be resolved. */
export const IS_CLEAN = 1;
export const HAS_REFERENCES = 2;

const CELLS = 8_192;
const FIELDS = 6;
const [COLUMN, STYLE, KIND, MARKS, START, END] = [0, 1, 2, 3, 4, 5] as const;

/** The cells of plain rows, where their bytes are: numbers in one array instead of objects. */
export class PackedCells {
  count = 0;
  bytes: Buffer = Buffer.alloc(0);
  private fields = new Int32Array(CELLS * FIELDS);

  constructor(private readonly strings: SharedStrings | undefined, private readonly formats: readonly (string | undefined)[]) {}

  /** Begins anew, with the cells of other bytes. */
  turnTo(bytes: Buffer): void {
    this.bytes = bytes;
    this.count = 0;
  }

  /** Adds a cell; -1 is no style. `start` and `end` are the place of its value; of a shared text the first is its index. */
  add(column: number, style: number, kind: number, marks: number, start: number, end: number): void {
    const place = this.count * FIELDS;
    if (place === this.fields.length) this.grow();
    const { fields } = this;
    fields[place + COLUMN] = column;
    fields[place + STYLE] = style;
    fields[place + KIND] = kind;
    fields[place + MARKS] = marks;
    fields[place + START] = start;
    fields[place + END] = end;
    this.count += 1;
  }

  columnOf(cell: number): number {
    return this.fields[cell * FIELDS + COLUMN]!;
  }

  /** Points a view at a cell. */
  show(cell: number, view: View): View {
    const { fields } = this;
    const place = cell * FIELDS;
    const style = fields[place + STYLE]!;
    const kind = fields[place + KIND]!;
    const marks = fields[place + MARKS]!;
    view.kind = kind;
    view.hasReferences = (marks & HAS_REFERENCES) !== 0;
    view.type = view.hasReferences || kind > TEXT ? 'other' : kind === NUMBER ? 'number' : 'text';
    view.format = style < 0 ? undefined : this.formats[style];
    view.start = fields[place + START]!;
    view.end = fields[place + END]!;
    view.bytes = this.bytes;
    view.isClean = (marks & IS_CLEAN) !== 0;
    if (kind === SHARED) this.strings!.show(view.start, view);
    return view;
  }

  private grow(): void {
    const larger = new Int32Array(this.fields.length * 2);
    larger.set(this.fields);
    this.fields = larger;
  }
}

/** A row of packed cells: those from `first` to before `last`, their columns ascending. */
export class PackedRow implements SheetRow {
  constructor(readonly number: number, readonly hidden: boolean, private readonly from: PackedCells, private readonly first: number, private readonly last: number) {}

  get cells(): readonly (Cell | undefined)[] {
    const cells: (Cell | undefined)[] = [];
    for (let cell = this.first; cell < this.last; cell += 1) cells[this.from.columnOf(cell)] = this.from.show(cell, VIEW).unpack();
    return cells;
  }

  packed(column: number): PackedCell | undefined {
    // No cell stands further behind among those of its row than its column says.
    let cell = Math.min(this.first + column, this.last - 1);
    while (cell >= this.first && this.from.columnOf(cell) > column) cell -= 1;
    return cell >= this.first && this.from.columnOf(cell) === column ? this.from.show(cell, VIEW) : undefined;
  }
}

class View implements PackedCell {
  type: PackedCell['type'] = 'other';
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  format: string | undefined;
  isClean = false;
  kind = 0;
  hasReferences = false;

  unpack(): Cell {
    const { format } = this;
    const text = this.hasReferences ? decoded(this.bytes, this.start, this.end) : this.bytes.toString('utf8', this.start, this.end);
    switch (this.kind) {
      case NUMBER: return { type: 'number', text, format };
      case SHARED: case TEXT: return { type: 'text', text, format };
      case BOOLEAN: return { type: 'boolean', text: isTrue(text.trim()) ? 'TRUE' : 'FALSE' };
      case ERROR: return { type: 'error', text };
      default: return { type: 'date', text: text.trim() };
    }
  }
}

/** There is but one: a cell of each would be millions. */
const VIEW = new View();
