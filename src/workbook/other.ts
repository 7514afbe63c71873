import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as XLSX from 'xlsx';
import type { ReadSettings } from '../config/settings.js';
import { IngestError, messageOf } from '../errors.js';
import type { Cell, Sheet, SheetRow, Workbook } from './cell.js';
import type { Merge } from './merged.js';
import { inBatches } from './row-batches.js';
import { checkZip } from './xlsx/zip.js';

/** Opens .xls and .xlsb, read whole by SheetJS. Throws IngestError. */
export async function openOther(path: string, kind: 'xls' | 'xlsb', limits: ReadSettings['limits']): Promise<Workbook> {
  // Before Excel 97 texts were written in the code page of the country.
  if (kind === 'xls') XLSX.set_cptable(codePages());
  const inflated = kind === 'xls' ? 0 : await checkZip(path, { ...limits, entryMiB: ENTRY_MIB, entryRatio: ENTRY_RATIO, inflatedMiB: limits.otherInflatedMiB });
  const file = await readFile(path);
  const book = parse(file);
  return {
    kind: `.${kind} workbook`,
    dateSystem: book.Workbook?.WBProps?.date1904 === true ? 1904 : 1900,
    sheets: book.SheetNames.flatMap((name, index) => sheetOf(name, book.Sheets[name], book.Workbook?.Sheets?.[index]?.Hidden ?? 0)),
    bytes: () => file.length + inflated,
    close: async () => undefined,
  };
}

const require = createRequire(import.meta.url);

/** Loaded when it is needed, and asked for again where that failed: of an `import` that failed for want of a file handle Node keeps the failure. */
const codePages = (): unknown => require('xlsx/dist/cpexcel.js');

/** What is read whole is held in memory, many times its size: past this it may not be packed more densely than real sheets are. */
const ENTRY_MIB = 16;
const ENTRY_RATIO = 100;

/** No formulas: their cached values count, and an exotic formula must not cost the file. No shown texts: they are not the values. */
const OPTIONS = { type: 'buffer', dense: true, nodim: true, WTF: true, cellNF: true, cellText: false, cellFormula: false, cellHTML: false } as const;

function parse(bytes: Buffer): XLSX.WorkBook {
  try {
    return XLSX.read(bytes, OPTIONS);
  } catch (error) {
    const message = messageOf(error);
    if (/password|encrypt/iu.test(message)) throw new IngestError('password-protected', 'is password-protected: save it without a password', { cause: error });
    throw new IngestError('malformed', `cannot be read (${message}); save it as .xlsx and drop that`, { cause: error });
  }
}

/** A sheet as SheetJS gives it when asked for dense data. */
interface DenseSheet {
  readonly '!data'?: readonly (readonly (XLSX.CellObject | undefined)[] | undefined)[];
  readonly '!rows'?: readonly ({ hidden?: boolean } | undefined)[];
  readonly '!merges'?: readonly XLSX.Range[];
  readonly '!type'?: string;
}

/** Charts, dialogs and macros are sheets without rows. */
function sheetOf(name: string, sheet: XLSX.WorkSheet | undefined, hidden: number): Sheet[] {
  const dense = sheet as unknown as DenseSheet | undefined;
  if (dense === undefined || dense['!type'] !== undefined) return [];
  return [{ name, visible: hidden === 0, rows: () => inBatches(rowsOf(dense)), merges: () => (dense['!merges'] ?? []).map(mergeOf) }];
}

function mergeOf({ s, e }: XLSX.Range): Merge {
  return { top: s.r + 1, left: s.c, bottom: e.r + 1, right: e.c };
}

function* rowsOf(sheet: DenseSheet): Generator<SheetRow> {
  for (const [index, row] of (sheet['!data'] ?? []).entries()) {
    if (row === undefined || row.length === 0) continue;
    yield { number: index + 1, hidden: sheet['!rows']?.[index]?.hidden === true, cells: Array.from(row, cellOf) };
  }
}

/** These kinds hold errors by number. */
const ERRORS: Readonly<Record<number, string>> = {
  0: '#NULL!', 7: '#DIV/0!', 15: '#VALUE!', 23: '#REF!', 29: '#NAME?', 36: '#NUM!', 42: '#N/A', 43: '#GETTING_DATA',
};

function cellOf(cell: XLSX.CellObject | undefined): Cell | undefined {
  if (cell?.v === undefined || cell.t === 'z') return undefined;
  const format = cell.z === undefined || cell.z === 'General' ? undefined : String(cell.z);
  switch (cell.t) {
    case 'n': return { type: 'number', text: String(cell.v), format };
    case 'b': return { type: 'boolean', text: cell.v === true ? 'TRUE' : 'FALSE' };
    case 'e': return { type: 'error', text: ERRORS[Number(cell.v)] ?? '#VALUE!' };
    default: return { type: 'text', text: String(cell.v) };
  }
}
