import type { ReadSettings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import { TEMPLATE } from '../template.js';
import type { Sheet, SheetRow, Workbook } from './cell.js';
import { folded } from './text.js';

/** The headings: the first row within the first 20 that holds all of the template's. */
export interface Headings {
  readonly row: number;
  /** For each column of the template: its index in the sheet. */
  readonly columns: readonly number[];
  /** Headings that are not read. */
  readonly ignored: readonly string[];
}

const SEARCHED_ROWS = 20;

/** The spellings of each column of the template, folded. */
export function spellings(settings: Pick<ReadSettings, 'headings'>): ReadonlySet<string>[] {
  return TEMPLATE.map(({ name, heading }) => new Set([heading, ...(settings.headings[name] ?? [])].map(folded)));
}

/** Whether the texts hold every heading once or more. */
export function holdsAll(texts: readonly string[], wanted: readonly ReadonlySet<string>[]): boolean {
  const cells = texts.map(folded);
  return wanted.every((names) => cells.some((cell) => names.has(cell)));
}

/** The headings in a row, or undefined where it does not hold them all. Refuses a heading that is there twice. */
export function headingsIn(row: SheetRow, sheet: string, wanted: readonly ReadonlySet<string>[]): Headings | undefined {
  const cells = row.cells.length === 0 ? [] : Array.from(row.cells, (cell) => cell?.text ?? '');
  if (!holdsAll(cells, wanted)) return undefined;
  const places = wanted.map((names) => cells.flatMap((cell, index) => (names.has(folded(cell)) ? [index] : [])));
  const doubled = places.findIndex((found) => found.length > 1);
  if (doubled >= 0) {
    throw new IngestError('headings', `sheet "${sheet}" row ${row.number} has the heading "${TEMPLATE[doubled]!.heading}" twice `
      + `(columns ${places[doubled]!.map(columnName).join(' and ')}): remove one`);
  }
  const columns = places.map((found) => found[0]!);
  return { row: row.number, columns, ignored: cells.filter((cell, index) => cell.trim() !== '' && !columns.includes(index)) };
}

/** Whether a row is behind those in which headings are looked for. */
export function isBehindHeadings(row: SheetRow): boolean {
  return row.number > SEARCHED_ROWS;
}

/** The sheet to read: the one named in the settings, else the first visible one. */
export function chooseSheet(workbook: Workbook, settings: Pick<ReadSettings, 'sheet'>): Sheet {
  const names = workbook.sheets.map(({ name }) => `"${name}"`).join(', ');
  if (settings.sheet !== null) {
    const named = workbook.sheets.find(({ name }) => folded(name) === folded(settings.sheet!));
    if (named === undefined) throw new IngestError('no-sheet', `expected a sheet "${settings.sheet}", found ${names === '' ? 'none' : names}`);
    return named;
  }
  const visible = workbook.sheets.find((sheet) => sheet.visible);
  if (visible === undefined) throw new IngestError('no-sheet', `has no visible sheet${names === '' ? '' : ` (hidden: ${names})`}`);
  return visible;
}

/** The refusal of a workbook whose sheet lacks headings; says what was found and which other sheets have them. */
export async function missingHeadings(
  workbook: Workbook, sheet: Sheet, head: readonly SheetRow[], wanted: readonly ReadonlySet<string>[],
): Promise<IngestError> {
  const { missing, texts } = closest(head, wanted);
  const others = await sheetsWithHeadings(workbook, sheet, wanted);
  const hint = others.length === 0 ? '' : `; ${others.map((name) => `"${name}"`).join(', ')} has them: make it the first sheet`;
  return new IngestError('headings', `sheet "${sheet.name}" lacks the heading${missing.length === 1 ? '' : 's'} ${missing.map((name) => `"${name}"`).join(', ')} `
    + `in its first ${SEARCHED_ROWS} rows; found ${texts.length === 0 ? 'nothing' : texts.map((text) => `"${text.slice(0, 40)}"`).join(', ')}${hint}`);
}

function closest(head: readonly SheetRow[], wanted: readonly ReadonlySet<string>[]): { missing: string[]; texts: string[] } {
  let best = { missing: TEMPLATE.map(({ heading }) => heading), texts: [] as string[] };
  for (const row of head) {
    const texts = row.cells.flatMap((cell) => (cell === undefined || cell.text.trim() === '' ? [] : [cell.text.trim()]));
    const cells = new Set(texts.map(folded));
    const missing = TEMPLATE.filter((_, index) => ![...wanted[index]!].some((name) => cells.has(name))).map(({ heading }) => heading);
    if (missing.length < best.missing.length || best.texts.length === 0) best = { missing, texts: texts.slice(0, 20) };
  }
  return best;
}

async function sheetsWithHeadings(workbook: Workbook, tried: Sheet, wanted: readonly ReadonlySet<string>[]): Promise<string[]> {
  const names: string[] = [];
  for (const sheet of workbook.sheets) {
    if (sheet !== tried && await hasHeadings(sheet, wanted)) names.push(sheet.name);
  }
  return names;
}

async function hasHeadings(sheet: Sheet, wanted: readonly ReadonlySet<string>[]): Promise<boolean> {
  for await (const rows of sheet.rows()) {
    for (const row of rows) {
      if (isBehindHeadings(row)) return false;
      if (holdsAll(Array.from(row.cells, (cell) => cell?.text ?? ''), wanted)) return true;
    }
  }
  return false;
}

function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}
