import { readFile } from 'node:fs/promises';
import * as XLSX from 'xlsx';
import type { Cell, SheetRow, Workbook } from '../../../src/workbook/cell.js';
import { openXlsx } from '../../../src/workbook/xlsx/open.js';
import { defaults } from '../../support/world.js';
import type { PlacedCell, Said } from './sound.js';

/** Whatever opens a workbook: readers are held against each other through this. */
export type Reader = (path: string) => Promise<Workbook>;

/** The strict reader. */
export const strict: Reader = async (path) => openXlsx(path, defaults().limits);

/** SheetJS, told to keep to the cells themselves. */
export const sheetJs: Reader = async (path) => {
  const book = XLSX.read(await readFile(path), { type: 'buffer', dense: true, nodim: true, WTF: true, cellNF: true, cellText: false, cellFormula: false, cellHTML: false, cellStyles: true });
  return {
    kind: 'SheetJS', dateSystem: book.Workbook?.WBProps?.date1904 === true ? 1904 : 1900, bytes: () => 0, close: async () => undefined,
    sheets: book.SheetNames.map((name, index) => ({
      name, visible: (book.Workbook?.Sheets?.[index]?.Hidden ?? 0) === 0, rows: async function* () { yield rowsOf(book.Sheets[name]!); },
    })),
  };
};

/** Everything that a reader sees. */
export async function saidBy(reader: Reader, path: string): Promise<Said> {
  const workbook = await reader(path);
  try {
    const sheets = [];
    for (const sheet of workbook.sheets) {
      const cells: PlacedCell[] = [];
      for await (const batch of sheet.rows()) {
        for (const { number, hidden, cells: inRow } of batch) inRow.forEach((cell, column) => { if (cell !== undefined) cells.push({ row: number, column, hidden, cell }); });
      }
      sheets.push({ name: sheet.name, visible: sheet.visible, cells });
    }
    return { dateSystem: workbook.dateSystem, sheets };
  } finally {
    await workbook.close();
  }
}

/** What is said, with only that left in which the strict reader promises something: just a number has a format. */
export function promised({ dateSystem, sheets }: Said): Said {
  const bare = ({ type, text, format }: Cell): Cell => (type === 'number' && format !== undefined ? { type, text, format } : { type, text });
  return { dateSystem, sheets: sheets.map(({ name, visible, cells }) => ({ name, visible, cells: cells.map((placed) => ({ ...placed, cell: bare(placed.cell) })) })) };
}

/**
 * What SheetJS sees otherwise than the strict reader, one line a thing; empty where they agree. What differs on purpose
 * is not among it:
 * - a number is as the file spells it; SheetJS gives its value: `1.50` and `1.5` are the same to it
 * - a date cell (`t="d"`) is its text; SheetJS makes a serial number of it
 * - a boolean may have white space around it; it fails its row in either case
 * - a formula that was never calculated is there and fails its row; SheetJS drops the cell
 * - an error keeps its name, be it a known one or not; SheetJS has numbers for the known
 * - an empty text may be no cell at all
 * - a text is decoded once and keeps its line ends; SheetJS decodes what decoding gave again, and drops carriage returns
 */
export function differences(strictly: Said, bySheetJs: Said): string[] {
  const [ours, theirs] = [placesIn(strictly), placesIn(bySheetJs)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((place) => {
    const [one, other] = [ours.get(place), theirs.get(place)];
    if (one === other || one === ANY || (one === undefined && other === ANY)) return [];
    return [`${place}: strict ${one ?? 'nothing'}, SheetJS ${other ?? 'nothing'}`];
  });
}

const ANY = 'whatever';

function placesIn({ dateSystem, sheets }: Said): Map<string, string> {
  const places = new Map([['date system', String(dateSystem)]]);
  sheets.forEach(({ name, visible, cells }, index) => {
    places.set(`sheet ${index}`, JSON.stringify([name, visible]));
    for (const { row, column, hidden, cell } of cells) {
      const comparable = comparableOf(cell);
      if (comparable !== undefined) places.set(`sheet ${index} row ${row} column ${column}`, `${comparable}${hidden && comparable !== ANY ? ' hidden' : ''}`);
    }
  });
  return places;
}

function comparableOf({ type, text, format }: Cell): string | undefined {
  switch (type) {
    case 'number': return `number ${Number(text) + 0} ${format ?? ''}`;
    case 'date': case 'boolean': return ANY;
    case 'error': return Object.values(ERRORS).includes(text) ? `error ${text}` : ANY;
    case 'uncalculated': return undefined;
    case 'text': return text === '' ? undefined : `text ${JSON.stringify(decoded(text).replace(/\r\n?/gu, '\n'))}`;
  }
}

function decoded(text: string): string {
  return text.replace(/_x([\da-f]{4})_/giu, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** A sheet as SheetJS gives it when asked for dense data. */
interface DenseSheet {
  readonly '!data'?: readonly (readonly (XLSX.CellObject | undefined)[] | undefined)[];
  readonly '!rows'?: readonly ({ hidden?: boolean } | undefined)[];
}

function rowsOf(sheet: XLSX.WorkSheet): SheetRow[] {
  const { '!data': data = [], '!rows': rows = [] } = sheet as unknown as DenseSheet;
  return Array.from(data, (row, index) => ({ number: index + 1, hidden: rows[index]?.hidden === true, cells: Array.from(row ?? [], cellOf) }));
}

function cellOf(cell: XLSX.CellObject | undefined): Cell | undefined {
  if (cell?.v === undefined) return undefined;
  switch (cell.t) {
    case 'n': return { type: 'number', text: String(cell.v), format: cell.z === 'General' ? undefined : cell.z?.toString() };
    case 'b': return { type: 'boolean', text: cell.v === true ? 'TRUE' : 'FALSE' };
    case 'e': return { type: 'error', text: ERRORS[Number(cell.v)] ?? '' };
    default: return { type: 'text', text: String(cell.v) };
  }
}

const ERRORS: Readonly<Record<number, string>> = { 0: '#NULL!', 7: '#DIV/0!', 15: '#VALUE!', 23: '#REF!', 29: '#NAME?', 36: '#NUM!', 42: '#N/A', 43: '#GETTING_DATA' };
