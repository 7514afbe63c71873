import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import * as XLSX from 'xlsx';
import type { ReadSettings } from '../../src/config/settings.js';
import { readWorkbook, type ReadSummary } from '../../src/workbook/read.js';
import { defaults } from './world.js';

export const HEADINGS = ['Effective Date', 'Client Account', 'External Reference', 'Company Name', 'Amount', 'Term'];

/** A staged row: row number, the template's values, error, error column, raw cells. */
export type Staged = [number, ...(string | number | null)[]];

/** Reads bytes as a workbook, whole, in this thread. */
export async function readBytes(bytes: Buffer | string, changes: Partial<ReadSettings> = {}): Promise<{ rows: Staged[]; summary: ReadSummary }> {
  const folder = await mkdtemp(join(tmpdir(), 'scd-workbook-'));
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  const rows: Staged[] = [];
  try {
    const summary = await readWorkbook(path, { ...defaults(), ...changes }, {
      chunk: async ({ json }) => { rows.push(...(JSON.parse(json) as Staged[]).map(whole)); }, alive: () => undefined,
    });
    return { rows, summary };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A sound row says nothing of errors. */
function whole(row: Staged): Staged {
  return [...row, ...[null, null, null].slice(row.length - 1 - HEADINGS.length)];
}

/** A workbook of any kind that SheetJS writes, from cells. */
export function bookOf(rows: readonly (readonly unknown[])[], bookType: XLSX.BookType = 'xlsx', shape: (sheet: XLSX.WorkSheet, book: XLSX.WorkBook) => void = () => undefined): Buffer {
  const sheet = XLSX.utils.aoa_to_sheet(rows.map((row) => [...row]));
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, 'Sheet1');
  shape(sheet, book);
  return XLSX.write(book, { type: 'buffer', bookType, bookSST: true }) as Buffer;
}

/** A part of a zip, as it is written; the headers may lie. */
export interface Part {
  readonly name: string;
  readonly text: string | Buffer;
  /** What it is packed as, instead of the text. */
  readonly packed?: Buffer;
  readonly crc?: number;
  readonly size?: number;
  readonly flags?: number;
  /** It has no bytes of its own: it says that it lies where the part before lies. */
  readonly overlaps?: true;
}

/** The bytes of a zip. */
export function zipOf(parts: readonly Part[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let last = 0;
  for (const { name, text, packed: given, crc, size, flags = 0, overlaps } of parts) {
    const bytes = Buffer.from(text as string);
    const packed = given ?? deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc ?? crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size ?? bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    if (!overlaps) {
      const body = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed]);
      bodies.push(body);
      last = offset;
      offset += body.length;
    }
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(last, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, Buffer.from(name)]));
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listing, end]);
}

const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';
const RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"';
const TYPE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/** The parts of an .xlsx workbook around the XML of its sheet's rows. */
export function xlsxParts(sheetData: string, { strings = '', workbook = '', styles = '' } = {}): Part[] {
  return [
    { name: '[Content_Types].xml', text: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>' },
    { name: '_rels/.rels', text: `<Relationships ${RELATIONS}><Relationship Id="rId1" Type="${TYPE}/officeDocument" Target="xl/workbook.xml"/></Relationships>` },
    { name: 'xl/workbook.xml', text: `<workbook ${MAIN}>${workbook}<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>` },
    {
      name: 'xl/_rels/workbook.xml.rels',
      text: `<Relationships ${RELATIONS}><Relationship Id="rId1" Type="${TYPE}/worksheet" Target="worksheets/sheet1.xml"/>`
        + `<Relationship Id="rId2" Type="${TYPE}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="${TYPE}/styles" Target="styles.xml"/></Relationships>`,
    },
    { name: 'xl/sharedStrings.xml', text: `<sst ${MAIN}>${strings}</sst>` },
    { name: 'xl/styles.xml', text: `<styleSheet ${MAIN}>${styles}</styleSheet>` },
    { name: 'xl/worksheets/sheet1.xml', text: `<worksheet ${MAIN}><dimension ref="A1:B2"/><sheetData>${sheetData}</sheetData></worksheet>` },
  ];
}

/** A row of inline texts. */
export function inlineRow(number: number, texts: readonly string[]): string {
  return `<row r="${number}">${texts.map((text, index) => `<c r="${'ABCDEFGH'[index]}${number}" t="inlineStr"><is><t>${text}</t></is></c>`).join('')}</row>`;
}

/** The row of the headings, as row 1. */
export const HEADING_ROW = inlineRow(1, HEADINGS);
