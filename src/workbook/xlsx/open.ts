import type { ReadSettings } from '../../config/settings.js';
import type { Sheet, Workbook } from '../cell.js';
import type { Merge } from '../merged.js';
import { readParts, type SheetPart, type WorkbookParts } from './parts.js';
import { readSheet } from './sheet.js';
import { SharedStrings } from './strings.js';
import { Zip } from './zip.js';

/** The shared texts are held in memory: past this size they may not be packed more densely than texts of people are. */
const STRINGS_MIB = 64;
const STRINGS_RATIO = 50;

/** Opens an .xlsx or .xlsm workbook for strict, streaming reading. Throws IngestError. */
export async function openXlsx(path: string, limits: ReadSettings['limits']): Promise<Workbook> {
  const zip = await Zip.open(path, limits);
  try {
    const parts = await readParts(zip);
    if (parts.strings !== undefined) zip.refuseDense(parts.strings, STRINGS_MIB, STRINGS_RATIO);
    const strings = parts.strings === undefined ? undefined : await SharedStrings.read(zip, parts.strings, limits.sharedStringsMiB);
    return {
      kind: '.xlsx workbook',
      dateSystem: parts.dateSystem,
      bytes: () => zip.inflatedBytes,
      sheets: parts.sheets.map((sheet) => sheetOf(zip, sheet, parts, strings, limits)),
      close: async () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function sheetOf(zip: Zip, part: SheetPart, parts: WorkbookParts, strings: SharedStrings | undefined, limits: ReadSettings['limits']): Sheet {
  let merges: readonly Merge[] = [];
  return {
    name: part.name, visible: part.visible, merges: () => merges,
    rows: async function* () {
      const found: Merge[] = [];
      yield* readSheet(zip, part, parts, strings, limits, found);
      merges = found;
    },
  };
}
