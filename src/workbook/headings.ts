import type { ReadSettings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import { TEMPLATE } from '../template.js';
import type { Sheet, SheetRow, Workbook } from './cell.js';
import { columnName } from './column-name.js';
import { shortened } from './problem.js';
import { cleanText, folded } from './text.js';

/** The headings: the first row within the first 20 that holds all of the template's. */
export interface Headings {
  readonly row: number;
  /** For each column of the template: its index in the sheet. */
  readonly columns: readonly number[];
  /** How many cells the row has, empty ones between and behind them included. */
  readonly width: number;
  /** Headings that are not read. */
  readonly ignored: readonly string[];
}

/** The spellings of each column of the template, folded. */
export type Spellings = readonly ReadonlySet<string>[];

const SEARCHED_ROWS = 20;
const LISTED_HEADINGS = 20;
/** Excel allows 31; a name stands in the message of every row that fails. */
const MAX_SHEET_NAME = 255;
/** What is longer is no heading. */
const MAX_HEADING_CHARACTERS = 1_024;
/** Other sheets that are looked through for headings, to name them in the refusal. */
const HINTED_SHEETS = 20;

/** The spellings of each column of the template, the settings' further ones included. */
export function spellings(settings: Pick<ReadSettings, 'headings'>): Spellings {
  return TEMPLATE.map(({ name, heading }) => new Set([heading, ...(settings.headings[name] ?? [])].map(folded)));
}

/** Whether the texts hold every heading once or more. */
export function holdsAll(texts: readonly string[], wanted: Spellings): boolean {
  return missingIn(texts, wanted).length === 0;
}

/** The headings in a row, or undefined where it does not hold them all. Refuses a heading that is there twice. */
export function headingsIn(row: SheetRow, sheet: string, wanted: Spellings): Headings | undefined {
  const texts = textsOf(row);
  if (!holdsAll(texts, wanted)) return undefined;
  const cells = texts.map(folded);
  const places = wanted.map((names) => cells.flatMap((cell, index) => (names.has(cell) ? [index] : [])));
  refuseDoubled(places, texts, sheet, row.number);
  const columns = places.map((found) => found[0]!);
  return {
    row: row.number, columns, width: row.cells.length,
    ignored: texts.map(cleanText).filter((text, index) => text !== '' && !columns.includes(index)),
  };
}

/** Whether a row is behind those in which headings are looked for. */
export function isBehindHeadings(row: SheetRow): boolean {
  return row.number > SEARCHED_ROWS;
}

/** The sheet to read: the one of this name, or where none is named the first visible one. */
export function chooseSheet(workbook: Workbook, name: string | null): Sheet {
  const chosen = name === null
    ? workbook.sheets.find((sheet) => sheet.visible)
    : workbook.sheets.find((sheet) => sheet.name === name) ?? workbook.sheets.find((sheet) => folded(sheet.name) === folded(name));
  if (chosen !== undefined && chosen.name.length > MAX_SHEET_NAME) throw new IngestError('hostile', `sheet "${shortened(chosen.name)}" has a name of more than ${MAX_SHEET_NAME} characters`);
  if (chosen !== undefined) return chosen;
  const names = workbook.sheets.length === 0 ? 'none' : namesOf(workbook.sheets);
  const expected = name === null ? 'a visible sheet' : `a sheet "${name}"`;
  throw new IngestError('no-sheet', `expected ${expected}, found ${names}; nothing was loaded`, { facts: { expected: name, found: names } });
}

/** The refusal of a workbook whose sheet lacks headings; says what was found and which other sheets have them. */
export async function missingHeadings(
  workbook: Workbook, sheet: Sheet, head: readonly SheetRow[], wanted: Spellings,
): Promise<IngestError> {
  const { missing, row, texts } = closest(head, wanted);
  const place = row === 0 ? `in its first ${SEARCHED_ROWS} rows` : `in row ${row}, which comes closest within the first ${SEARCHED_ROWS}`;
  const others = await sheetsWithHeadings(workbook, sheet, wanted);
  const hint = others.length === 0 ? '' : `; sheets that have them all: ${others.join(', ')}: put that one first or name it in the settings`;
  return new IngestError('headings', `sheet "${sheet.name}" lacks the heading${missing.length === 1 ? '' : 's'} ${listed(missing)} ${place}; `
    + `found ${texts.length === 0 ? 'nothing' : listed(texts)}${hint}; nothing was loaded`, { facts: { sheet: sheet.name, missing, found: texts.slice(0, LISTED_HEADINGS).map(shortened), others } });
}

/** Headings for a message. */
export function listed(texts: readonly string[]): string {
  const rest = texts.length - LISTED_HEADINGS;
  const shown = texts.slice(0, LISTED_HEADINGS).map((text) => `"${shortened(text)}"`).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function textsOf(row: SheetRow): string[] {
  return Array.from(row.cells, (cell) => (cell?.text ?? '').slice(0, MAX_HEADING_CHARACTERS));
}

function missingIn(texts: readonly string[], wanted: Spellings): string[] {
  const cells = new Set(texts.map(folded));
  return TEMPLATE.filter((_, index) => ![...wanted[index]!].some((name) => cells.has(name))).map(({ heading }) => heading);
}

function refuseDoubled(places: readonly (readonly number[])[], texts: readonly string[], sheet: string, row: number): void {
  const doubled = places.flatMap((columns, index) => (columns.length > 1 ? [{ heading: TEMPLATE[index]!.heading, columns }] : []));
  if (doubled.length === 0) return;
  const what = doubled.map(({ heading, columns }) => `"${heading}" more than once (columns ${columns.map(columnName).join(' and ')})`).join(', ');
  const headings = texts.map(cleanText).filter((text) => text !== '');
  throw new IngestError('headings', `sheet "${sheet}" row ${row} has the heading ${what}; found ${listed(headings)}; keep one of them; nothing was loaded`,
    { facts: { sheet, row, doubled: doubled.map(({ heading }) => heading), found: headings } });
}

function closest(head: readonly SheetRow[], wanted: Spellings): { missing: string[]; row: number; texts: string[] } {
  let best = { missing: TEMPLATE.map(({ heading }) => heading), row: 0, texts: [] as string[] };
  for (const row of head) {
    const texts = textsOf(row).map(cleanText).filter((text) => text !== '');
    const missing = missingIn(texts, wanted);
    if (missing.length < best.missing.length) best = { missing, row: row.number, texts };
    else if (best.texts.length === 0) best = { ...best, texts };
  }
  return best;
}

async function sheetsWithHeadings(workbook: Workbook, tried: Sheet, wanted: Spellings): Promise<string[]> {
  const names: string[] = [];
  for (const sheet of workbook.sheets.slice(0, HINTED_SHEETS)) {
    if (sheet !== tried && await hasHeadings(sheet, wanted)) names.push(nameOf(sheet));
  }
  return names;
}

async function hasHeadings(sheet: Sheet, wanted: Spellings): Promise<boolean> {
  try {
    for await (const rows of sheet.rows()) {
      for (const row of rows) {
        if (isBehindHeadings(row)) return false;
        if (holdsAll(textsOf(row), wanted)) return true;
      }
    }
    return false;
  } catch (error) {
    // What is wrong with another sheet is not what the file is refused for.
    if (error instanceof IngestError) return false;
    throw error;
  }
}

function namesOf(sheets: readonly Sheet[]): string {
  const rest = sheets.length - HINTED_SHEETS;
  return sheets.slice(0, HINTED_SHEETS).map(nameOf).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function nameOf(sheet: Sheet): string {
  return `"${shortened(sheet.name)}"${sheet.visible ? '' : ' (hidden)'}`;
}
