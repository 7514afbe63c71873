import type { Column } from '../template.js';
import type { PackedCell } from './cell.js';
import { showsDate } from './formats.js';
import type { JsonBytes } from './json-bytes.js';

/**
 * Writes the packed cells of one column as JSON text: those that are clean as they are, those that were written before
 * by what is remembered of them, others by the column's rule.
 */
export class PackedColumn {
  private readonly isText: boolean;
  private readonly isAmount: boolean;
  private readonly known: (Known | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  private numbers = { format: undefined as string | undefined, areAmounts: true };

  /** `read` gives a cell's JSON text; undefined where it fails its row. */
  constructor({ kind }: Column, private readonly read: (cell: PackedCell) => string | undefined) {
    this.isText = kind === 'identifier' || kind === 'name';
    this.isAmount = kind === 'amount';
  }

  /** Adds a cell to the text; false where it fails its row. */
  write(cell: PackedCell, out: JsonBytes): boolean {
    if (!cell.isClean) return this.writeByRule(cell, out);
    if (this.isText && cell.type === 'text') {
      out.addByte(QUOTE);
      out.addBytes(cell.bytes, cell.start, cell.end);
      out.addByte(QUOTE);
      return true;
    }
    if (!this.isAmount || cell.type !== 'number' || !this.areAmounts(cell.format)) return this.writeByRule(cell, out);
    out.addBytes(cell.bytes, cell.start, cell.end);
    return true;
  }

  private areAmounts(format: string | undefined): boolean {
    if (format !== this.numbers.format) this.numbers = { format, areAmounts: !showsDate(format) };
    return this.numbers.areAmounts;
  }

  /** Rules are pure: dates, terms and accounts come over and over, and are read once. */
  private writeByRule(cell: PackedCell, out: JsonBytes): boolean {
    const length = cell.end - cell.start;
    if (cell.type === 'other' || length > REMEMBERED_BYTES) return this.writeRead(cell, out);
    const slot = slotOf(cell);
    const known = this.known[slot];
    if (known !== undefined && isSame(known, cell)) {
      out.addBytes(known.json);
      return true;
    }
    const { type, format } = cell;
    const bytes = new Uint8Array(cell.bytes.subarray(cell.start, cell.end));
    const begun = out.length;
    if (!this.writeRead(cell, out)) return false;
    this.known[slot] = { type, format, bytes, json: out.copy(begun) };
    return true;
  }

  private writeRead(cell: PackedCell, out: JsonBytes): boolean {
    const json = this.read(cell);
    if (json !== undefined) out.add(json);
    return json !== undefined;
  }
}

/** A cell that was read by its rule, and what it gave. */
interface Known {
  readonly type: PackedCell['type'];
  readonly format: string | undefined;
  readonly bytes: Uint8Array;
  readonly json: Uint8Array;
}

const SLOTS = 256;
const REMEMBERED_BYTES = 64;
const QUOTE = 34;

function slotOf({ bytes, start, end }: PackedCell): number {
  let hash = end - start;
  for (let at = start; at < end; at += 1) hash = (hash * 31 + bytes[at]!) | 0;
  return (hash ^ (hash >>> 8)) & (SLOTS - 1);
}

function isSame(known: Known, { type, format, bytes, start, end }: PackedCell): boolean {
  if (known.type !== type || known.format !== format || known.bytes.length !== end - start) return false;
  for (let at = start; at < end; at += 1) {
    if (known.bytes[at - start] !== bytes[at]) return false;
  }
  return true;
}
