import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { IngestError, messageOf, systemCode } from '../../errors.js';
import { placePart } from '../../inbox/place.js';
import type { Value } from '../../template.js';
import { valueCell, type OutCell } from '../../workbook/write/cells.js';
import { MAX_ROWS, writeWorkbook } from '../../workbook/write/workbook.js';
import { peek, type Listing, type OutputColumn, type Row } from './listing.js';

/** Rows that column widths are measured by. */
const MEASURED_ROWS = 1_000;
const WIDEST = 60;

/**
 * Writes a listing as a workbook, whole or not at all. Refuses a file that is there already, unless it may be
 * overwritten, and more rows than a sheet holds. Returns how many rows it has.
 */
export async function writeSheet(path: string, listing: Listing, overwrite: boolean): Promise<number> {
  if (!path.toLowerCase().endsWith('.xlsx')) throw new IngestError('usage', `--xlsx ${path}: expected the name of a file that ends in .xlsx`);
  if (!overwrite && existsSync(path)) throw taken(path);
  const { first, all } = await peek(listing.rows, MEASURED_ROWS);
  const columns = listing.columns.map((column, index) => ({ heading: column.heading, width: widthOf(column, first.map((row) => row[index] ?? null)) }));
  const counted = { rows: 0 };
  const rows = inCells(listing, all, counted);
  await inFolderBeside(path, async (folder) => {
    const part = join(folder, 'whole.xlsx');
    await writeWorkbook(part, { name: listing.title, columns, rows });
    await place(part, path, overwrite);
  });
  return counted.rows;
}

function taken(path: string): IngestError {
  return new IngestError('usage', `--xlsx ${path}: there is such a file already; name another one, or add --overwrite`);
}

async function* inCells({ columns }: Listing, rows: AsyncIterable<Row>, counted: { rows: number }): AsyncGenerator<(OutCell | undefined)[]> {
  for await (const row of rows) {
    counted.rows += 1;
    if (counted.rows >= MAX_ROWS) {
      throw new IngestError('too-large', `more than ${MAX_ROWS - 1} rows, which a sheet cannot hold; nothing was written. Use --csv, or ask for one account`);
    }
    yield columns.map((column, index) => cellOf(column, row[index] ?? null));
  }
}

function cellOf({ kind }: OutputColumn, value: Value): OutCell | undefined {
  if (kind === 'amount' && typeof value === 'number') return { type: 'number', value, look: 'amount' };
  if (kind === 'number' && typeof value === 'number') return { type: 'number', value, look: 'number' };
  if (kind === 'text' && typeof value === 'string') return { type: 'text', value, look: 'prose' };
  return valueCell(kind === 'number' || kind === 'text' ? 'name' : kind, value);
}

/** A heading needs room for its filter button, an amount for the largest there can be. */
function widthOf({ heading, kind }: OutputColumn, values: readonly Value[]): number {
  const longest = Math.max(heading.length + 3, ...values.map((value) => String(value ?? '').length));
  return kind === 'amount' ? 22 : Math.min(longest + 2, WIDEST);
}

/** Works in a hidden folder beside a path; it is gone afterwards, also when the program is told to stop meanwhile. */
async function inFolderBeside(path: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await folderBeside(path);
  const stop = (signal: NodeJS.Signals): void => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await work(folder);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await rm(folder, { recursive: true, force: true });
  }
}

async function folderBeside(path: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(resolve(path)), `.${basename(path)}-`));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new IngestError('usage', `--xlsx ${path}: there is no folder ${dirname(resolve(path))}`, { cause: error });
    throw new IngestError('io', `--xlsx ${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

async function place(part: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(part, path);
  try {
    await placePart(part, dirname(resolve(path)), () => [basename(path)]);
  } catch (error) {
    throw existsSync(path) ? taken(path) : error;
  }
}
