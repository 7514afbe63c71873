import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { settingsSchema, type ReadSettings } from '../../src/config/settings.js';
import { TEMPLATE } from '../../src/template.js';
import type { Cell } from '../../src/workbook/cell.js';
import { RowStager } from '../../src/workbook/rows.js';

/** The default settings, with some of them different. */
export function settings(changes: Partial<ReadSettings> = {}): ReadSettings {
  const defaults = readFileSync(new URL('../../config/default.yaml', import.meta.url), 'utf8');
  return { ...settingsSchema.parse(parse(defaults, { schema: 'core' })), ...changes };
}

export const HEADINGS = TEMPLATE.map(({ heading }) => heading);

/** A row in which nothing is wrong. */
export const GOOD = ['2024-01-31', 'CL-1', 'R-1', 'Acme', 12.5, 'Cash'] as const;

/** The good row with some values different, by column name. */
export function good(changes: Partial<Record<string, unknown>> = {}): unknown[] {
  return TEMPLATE.map(({ name }, index) => (name in changes ? changes[name] : GOOD[index]));
}

export function text(value: string): Cell {
  return { type: 'text', text: value };
}

export function number(value: string | number, format?: string): Cell {
  return { type: 'number', text: String(value), format };
}

/** A staged row by name. */
export interface Staged {
  readonly row: number;
  readonly values: readonly (string | number | null)[];
  readonly error: string | null;
  readonly column: string | null;
  readonly raw: readonly (string | null)[] | null;
}

export function parseChunk(json: string): Staged[] {
  return (JSON.parse(json) as (string | number | null)[][]).map((staged) => ({
    row: staged[0] as number,
    values: staged.slice(1, 1 + TEMPLATE.length),
    error: (staged[1 + TEMPLATE.length] ?? null) as string | null,
    column: (staged[2 + TEMPLATE.length] ?? null) as string | null,
    raw: JSON.parse(String(staged[3 + TEMPLATE.length] ?? null)) as (string | null)[] | null,
  }));
}

/** Stages one row of cells in the template's order, as row 2 of `Sheet1`; undefined where it is skipped. */
export function stage(cells: readonly (Cell | undefined)[], changes: Partial<ReadSettings> = {}, dateSystem: 1900 | 1904 = 1900): Staged | undefined {
  const headings = { row: 1, columns: TEMPLATE.map((_, index) => index), width: TEMPLATE.length, ignored: [] };
  const stager = new RowStager('Sheet1', headings, settings(changes), dateSystem);
  stager.add({ number: 2, hidden: false, cells });
  const chunk = stager.flush();
  return chunk === undefined ? undefined : parseChunk(chunk.json)[0];
}

const GOOD_CELLS: readonly Cell[] = [text('2024-01-31'), text('CL-1'), text('R-1'), text('Acme'), number(12.5), text('Cash')];

/** What becomes of one cell in a row that is good otherwise: its value, or the message without its frame. */
export function valueOf(column: string, cell: Cell | undefined, changes: Partial<ReadSettings> = {}, dateSystem: 1900 | 1904 = 1900): string | number | null {
  const index = TEMPLATE.findIndex(({ name }) => name === column);
  const staged = stage(GOOD_CELLS.map((usual, at) => (at === index ? cell : usual)), changes, dateSystem)!;
  return staged.error === null ? staged.values[index]! : `! ${staged.error.replace(`sheet "Sheet1" row 2, ${HEADINGS[index]!}: `, '').replace('; row not loaded', '')}`;
}
