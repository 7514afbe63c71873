import type { ReadSettings } from '../../config/settings.js';
import type { Workbook } from '../cell.js';
import { readParts } from './parts.js';
import { readSheet } from './sheet.js';
import { SharedStrings } from './strings.js';
import { Zip } from './zip.js';

/** Opens an .xlsx or .xlsm workbook for strict, streaming reading. Throws IngestError. */
export async function openXlsx(path: string, limits: ReadSettings['limits']): Promise<Workbook> {
  const zip = await Zip.open(path, limits);
  try {
    const parts = await readParts(zip);
    const strings = parts.strings === undefined ? undefined : await SharedStrings.read(zip, parts.strings, limits.sharedStringsMiB);
    return {
      kind: '.xlsx workbook',
      dateSystem: parts.dateSystem,
      sheets: parts.sheets.map((sheet) => ({ name: sheet.name, visible: sheet.visible, rows: () => readSheet(zip, sheet, parts, strings, limits) })),
      close: async () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}
