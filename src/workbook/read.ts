import type { ReadSettings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import type { SheetRow, Workbook } from './cell.js';
import { openCsv } from './csv.js';
import { chooseSheet, headingsIn, holdsAll, isBehindHeadings, missingHeadings, spellings, type Headings } from './headings.js';
import { kindOf } from './kind.js';
import { openOther } from './other.js';
import { RowStager, type RowChunk } from './rows.js';
import { openXlsx } from './xlsx/open.js';

/** What was read of a workbook. */
export interface ReadSummary {
  readonly kind: string;
  readonly sheet: string;
  readonly rows: number;
  readonly failed: number;
  /** Things the sender may want to know, for the log. */
  readonly notices: readonly string[];
}

/** Reads a workbook, handing over its rows in chunks. Throws IngestError where the whole file is refused. */
export async function readWorkbook(
  path: string, settings: ReadSettings, onChunk: (chunk: RowChunk) => Promise<void>,
): Promise<ReadSummary> {
  const wanted = spellings(settings);
  const workbook = await openWorkbook(path, settings, (cells) => holdsAll(cells, wanted));
  try {
    return await readRows(workbook, settings, wanted, onChunk);
  } finally {
    await workbook.close();
  }
}

async function openWorkbook(path: string, settings: ReadSettings, fits: (cells: readonly string[]) => boolean): Promise<Workbook> {
  const kind = await kindOf(path, settings.limits);
  if (kind === 'xlsx') return openXlsx(path, settings.limits);
  return kind === 'csv' ? openCsv(path, fits, settings.limits) : openOther(path, kind, settings.limits);
}

async function readRows(
  workbook: Workbook, settings: ReadSettings, wanted: readonly ReadonlySet<string>[], onChunk: (chunk: RowChunk) => Promise<void>,
): Promise<ReadSummary> {
  const sheet = chooseSheet(workbook, settings);
  const head: SheetRow[] = [];
  let headings: Headings | undefined;
  let stager: RowStager | undefined;
  for await (const rows of sheet.rows()) {
    for (const row of rows) {
      if (stager === undefined) {
        if (isBehindHeadings(row)) throw await missingHeadings(workbook, sheet, head, wanted);
        headings = headingsIn(row, sheet.name, wanted);
        if (headings === undefined) head.push(row);
        else stager = new RowStager(sheet.name, headings, settings, workbook.dateSystem);
        continue;
      }
      const chunk = stager.add(row);
      if (chunk !== undefined) await onChunk(chunk);
    }
  }
  if (stager === undefined || headings === undefined) throw await missingHeadings(workbook, sheet, head, wanted);
  if (stager.rows === 0) throw new IngestError('no-rows', `sheet "${sheet.name}" has no rows below its headings; nothing was loaded`);
  const last = stager.flush();
  if (last !== undefined) await onChunk(last);
  return { kind: workbook.kind, sheet: sheet.name, rows: stager.rows, failed: stager.failed, notices: noticesOf(headings, stager) };
}

function noticesOf(headings: Headings, stager: RowStager): string[] {
  const notices: string[] = [];
  if (headings.ignored.length > 0) notices.push(`columns not read: ${headings.ignored.map((heading) => `"${heading.slice(0, 40)}"`).join(', ')}`);
  if (stager.hidden > 0) notices.push(`${stager.hidden} hidden ${stager.hidden === 1 ? 'row counts' : 'rows count'} like the others`);
  return notices;
}
