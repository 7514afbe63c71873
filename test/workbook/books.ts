import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as XLSX from 'xlsx';
import type { ReadSettings } from '../../src/config/settings.js';
import { readWorkbook, type ReadSummary } from '../../src/workbook/read.js';
import { parseChunk, settings, type Staged } from './support.js';

/** A folder that is gone after the test. */
export class Folder {
  private constructor(readonly path: string) {}

  static async make(): Promise<Folder> {
    return new Folder(await mkdtemp(join(tmpdir(), 'scd-workbook-')));
  }

  async file(name: string, bytes: Uint8Array | string): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, bytes);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** A workbook of one sheet from values, as SheetJS writes it; `change` may alter the sheet before. */
export function workbookBytes(bookType: XLSX.BookType, rows: readonly unknown[][], change: (book: XLSX.WorkBook, sheet: XLSX.WorkSheet) => void = () => undefined): Buffer {
  const sheet = XLSX.utils.aoa_to_sheet(rows as unknown[][]);
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, 'Sheet1');
  change(book, sheet);
  return XLSX.write(book, { type: 'buffer', bookType }) as Buffer;
}

/** Reads a file in this thread. */
export async function readFileRows(path: string, changes: Partial<ReadSettings> = {}): Promise<{ rows: Staged[]; summary: ReadSummary }> {
  const rows: Staged[] = [];
  const summary = await readWorkbook(path, settings(changes), {
    chunk: async ({ json }) => { rows.push(...parseChunk(json)); },
    alive: () => undefined,
  });
  return { rows, summary };
}
