import { readFile } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import type { ReadSettings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import type { SheetRow, Workbook } from './cell.js';
import { inBatches } from './row-batches.js';

type Limits = ReadSettings['limits'];

const DELIMITERS = [',', ';', '\t'];

/**
 * Opens a CSV file: every cell is text, a row's number is the record's. `fits` says whether a record holds all the
 * headings; the delimiter that makes one of the first 20 fit is taken, else the one that gives the most cells.
 */
export async function openCsv(path: string, fits: (cells: readonly string[]) => boolean, limits: Limits): Promise<Workbook> {
  const bytes = await readFile(path);
  const text = decode(bytes);
  const delimiter = delimiterOf(text, fits, limits);
  return {
    kind: 'CSV file',
    dateSystem: 1900,
    sheets: [{ name: 'CSV', visible: true, rows: () => inBatches(rowsOf(text, delimiter, limits)) }],
    bytes: () => bytes.length,
    close: async () => undefined,
  };
}

function decode(bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (text.includes('\0')) throw new RangeError('NUL');
    return text;
  } catch (error) {
    throw new IngestError('wrong-kind', 'is no workbook, and no text in UTF-8 or UTF-16: save it as .xlsx, or as CSV UTF-8', { cause: error });
  }
}

function delimiterOf(text: string, fits: (cells: readonly string[]) => boolean, limits: Limits): string {
  const heads = DELIMITERS.map((delimiter) => ({ delimiter, records: firstRecords(text, delimiter, limits) }));
  const fitting = heads.find(({ records }) => records.some(fits));
  if (fitting !== undefined) return fitting.delimiter;
  const most = (records: string[][]): number => Math.max(0, ...records.map((record) => record.length));
  return heads.reduce((best, head) => (most(head.records) > most(best.records) ? head : best)).delimiter;
}

function firstRecords(text: string, delimiter: string, limits: Limits): string[][] {
  const records: string[][] = [];
  try {
    for (const record of parse(text, delimiter, limits)) if (records.push(record) === 20) break;
  } catch {
    // Read with this delimiter it is no CSV; with another it may be.
  }
  return records;
}

function* rowsOf(text: string, delimiter: string, limits: Limits): Generator<SheetRow> {
  let number = 0;
  for (const record of parse(text, delimiter, limits)) {
    number += 1;
    if (number > limits.rows) throw new IngestError('too-large', `has more than the ${limits.rows} rows allowed`);
    yield { number, hidden: false, cells: record.map((cell) => (cell === '' ? undefined : { type: 'text' as const, text: cell })) };
  }
}

/**
 * The records of a CSV text (RFC 4180). Refuses a quote that is never closed or stands within a cell's end, and what is
 * too large, before it is held in memory.
 */
function* parse(text: string, delimiter: string, limits: Limits): Generator<string[]> {
  let at = 0;
  let record = 0;
  while (at < text.length) {
    record += 1;
    const cells: string[] = [];
    for (;;) {
      const { cell, end } = text[at] === '"' ? quoted(text, at, delimiter, record, limits) : plain(text, at, delimiter);
      if (cell.length > limits.cellCharacters) throw tooLong(record, limits);
      if (cells.push(cell) > limits.columns) {
        // So far it shows which delimiter the file has.
        yield cells;
        throw new IngestError('too-large', `row ${record} has more than the ${limits.columns} columns allowed`);
      }
      at = end;
      if (text[at] !== delimiter) break;
      at += 1;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at += 1;
    at += 1;
    yield cells;
  }
}

function plain(text: string, start: number, delimiter: string): { cell: string; end: number } {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return { cell: text.slice(start, end), end };
}

function quoted(text: string, start: number, delimiter: string, record: number, limits: Limits): { cell: string; end: number } {
  let cell = '';
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new IngestError('malformed', `row ${record}: a quote is opened and never closed; save it as .xlsx`);
    cell += text.slice(at, quote);
    at = quote + 1;
    if (text[at] !== '"') break;
    if (cell.length > limits.cellCharacters) throw tooLong(record, limits);
    cell += '"';
    at += 1;
  }
  if (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') {
    throw new IngestError('malformed', `row ${record}: text follows a closing quote; save it as .xlsx`);
  }
  return { cell, end: at };
}

function tooLong(record: number, { cellCharacters }: Limits): IngestError {
  return new IngestError('too-large', `row ${record}: a cell holds more than the ${cellCharacters} characters allowed`);
}
