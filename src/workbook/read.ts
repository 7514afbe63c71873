import type { ReadSettings } from '../config/settings.js';
import { counted } from '../counted.js';
import { IngestError } from '../errors.js';
import type { Sheet, SheetRow, Workbook } from './cell.js';
import { openCsv } from './csv.js';
import { chooseSheet, headingsIn, holdsAll, isBehindHeadings, listed, missingHeadings, spellings, type Headings, type Spellings } from './headings.js';
import { kindOf } from './kind.js';
import { Covered } from './merged.js';
import { openOds } from './ods/open.js';
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

/** Where rows go. */
interface RowSink {
  chunk(chunk: RowChunk): Promise<void>;
  /** Told often: something was read, even if no chunk is full yet. */
  alive(): void;
}

/** Reads a workbook, handing over its rows in chunks. Throws IngestError where the whole file is refused. */
export async function readWorkbook(path: string, settings: ReadSettings, sink: RowSink): Promise<ReadSummary> {
  const wanted = spellings(settings);
  const kind = await kindOf(path, settings.limits);
  const workbook = await openWorkbook(path, kind, settings, wanted);
  try {
    // A CSV file is the sheet, whatever sheet the settings name.
    const sheet = chooseSheet(workbook, kind === 'csv' ? null : settings.sheet);
    const { headings, stager } = await readRows(workbook, sheet, { settings, wanted, isCsv: kind === 'csv' }, sink);
    return { kind: workbook.kind, sheet: sheet.name, rows: stager.rows, failed: stager.failed, notices: noticesOf(headings, stager) };
  } finally {
    await workbook.close();
  }
}

async function openWorkbook(path: string, kind: Awaited<ReturnType<typeof kindOf>>, { limits }: ReadSettings, wanted: Spellings): Promise<Workbook> {
  switch (kind) {
    case 'xlsx': return openXlsx(path, limits);
    case 'csv': return openCsv(path, (cells) => holdsAll(cells, wanted), limits);
    case 'ods': return openOds(path, limits);
    default: return openOther(path, kind, limits);
  }
}

interface Reading {
  readonly settings: ReadSettings;
  readonly wanted: Spellings;
  readonly isCsv: boolean;
}

async function readRows(workbook: Workbook, sheet: Sheet, reading: Reading, sink: RowSink): Promise<{ headings: Headings; stager: RowStager }> {
  const head: SheetRow[] = [];
  let found: { headings: Headings; stager: RowStager } | undefined;
  for await (const rows of sheet.rows()) {
    sink.alive();
    for (const row of rows) {
      if (found === undefined) {
        if (isBehindHeadings(row)) throw await missingHeadings(workbook, sheet, head, reading.wanted);
        found = begin(row, workbook, sheet, reading);
        if (found === undefined) head.push({ number: row.number, hidden: row.hidden, cells: row.cells });
        continue;
      }
      const chunk = found.stager.add(row);
      if (chunk === undefined) continue;
      refuseAmplified(found.stager, workbook);
      await sink.chunk(chunk);
    }
  }
  if (found === undefined) throw await missingHeadings(workbook, sheet, head, reading.wanted);
  if (found.stager.covered.isEmpty && !coveredIn(sheet, found.headings).isEmpty) return readRows(workbook, sheet, reading, anew(sink));
  if (found.stager.rows === 0) throw new IngestError('no-rows', `sheet "${sheet.name}" has no rows below its headings in row ${found.headings.row}; nothing was loaded`);
  const last = found.stager.flush();
  if (last !== undefined) await sink.chunk(last);
  return found;
}

function begin(row: SheetRow, workbook: Workbook, sheet: Sheet, { settings, wanted, isCsv }: Reading): { headings: Headings; stager: RowStager } | undefined {
  const headings = headingsIn(row, sheet.name, wanted);
  if (headings === undefined) return undefined;
  const covered = coveredIn(sheet, headings);
  return { headings, stager: new RowStager(sheet.name, headings, settings, workbook.dateSystem, isCsv ? headings.width : undefined, covered) };
}

function coveredIn(sheet: Sheet, { columns, row }: Headings): Covered {
  return new Covered(sheet.merges?.() ?? [], columns, row);
}

/** Merged cells were found behind the rows: the few files that have some among their rows are read twice. */
function anew(sink: RowSink): RowSink {
  let isFirst = true;
  return {
    alive: () => sink.alive(),
    chunk: async (chunk) => {
      await sink.chunk(isFirst ? { ...chunk, restarts: true } : chunk);
      isFirst = false;
    },
  };
}

/** Rows may name one long text over and over, or repeat as a whole: a small file would fill the disk. */
function refuseAmplified({ textCharacters }: RowStager, workbook: Workbook): void {
  if (textCharacters <= AMPLIFIED_CHARACTERS || textCharacters <= AMPLIFIED_RATIO * workbook.bytes()) return;
  throw new IngestError('zip-bomb', `its rows hold more than ${AMPLIFIED_CHARACTERS} characters and ${AMPLIFIED_RATIO} times what the file unpacks to: a bomb`);
}

const AMPLIFIED_CHARACTERS = 2_000_000;
const AMPLIFIED_RATIO = 16;

function noticesOf({ ignored }: Headings, { hidden }: RowStager): string[] {
  const notices: string[] = [];
  if (ignored.length > 0) notices.push(`columns not read: ${listed(ignored)}`);
  if (hidden > 0) notices.push(`${counted(hidden, 'hidden row counts', 'hidden rows count')} like the others`);
  return notices;
}
