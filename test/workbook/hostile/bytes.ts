import { constants, crc32, deflateRawSync } from 'node:zlib';
import * as XLSX from 'xlsx';
import { HEADING_ROW, inlineRow, xlsxParts, zipOf, type Part } from '../../support/workbooks.js';

/** What hostile files are made of. */

/** A part of a text that repeats, packed block by block: gigabytes are made in no time. Its size and checksum are true. */
export function repeating(name: string, block: string, times: number, { before = '', after = '' } = {}): Part {
  const bytes = Buffer.from(block);
  const packedBlock = deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });
  const [head, tail] = [Buffer.from(before), Buffer.from(after)];
  const packed = Buffer.concat([
    deflateRawSync(head, { finishFlush: constants.Z_FULL_FLUSH }), ...Array.from({ length: times }, () => packedBlock), deflateRawSync(tail),
  ]);
  let crc = crc32(head);
  for (let time = 0; time < times; time += 1) crc = crc32(bytes, crc);
  return { name, text: '', packed, size: head.length + bytes.length * times + tail.length, crc: crc32(tail, crc) };
}

/** A row in which nothing is wrong. */
export function goodRow(number: number): string {
  return inlineRow(number, ['2024-01-31', 'CL-1', `R-${number}`, 'Acme', '1', 'Cash']);
}

/** The parts of a sound workbook of one row, with changes. */
export function parts(change: Partial<Record<string, Part | ((part: Part) => Part)>> = {}, data = HEADING_ROW + goodRow(2)): Part[] {
  const all = xlsxParts(data);
  const names = new Set(all.map(({ name }) => name));
  const added = Object.entries(change).filter(([name]) => !names.has(name)).map(([, part]) => part as Part);
  return [...all.map((part) => {
    const changed = change[part.name];
    return changed === undefined ? part : typeof changed === 'function' ? changed(part) : changed;
  }), ...added];
}

export const SHEET = 'xl/worksheets/sheet1.xml';

/** A workbook whose sheet has this between its headings and its end, a block of it many times. */
export function withData(block: string, times: number, { before = HEADING_ROW, after = '' } = {}, change: Parameters<typeof parts>[0] = {}): Buffer {
  const [head, tail] = String(parts()[6]!.text).split(HEADING_ROW + goodRow(2)) as [string, string];
  return zipOf(parts({ [SHEET]: repeating(SHEET, block, times, { before: head + before, after: after + tail }), ...change }));
}

/** An .ods workbook around the XML of its table; a block of it many times. */
export function odsOf(block: string, times = 1, { before = '', after = '', mimetype = undefined as Part | undefined, styles = '' } = {}): Buffer {
  const names = ['office', 'table', 'text', 'style'].map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`).join(' ');
  const head = `<office:document-content ${names}><office:automatic-styles>${styles}</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="S">`;
  const tail = '</table:table></office:spreadsheet></office:body></office:document-content>';
  return zipOf([
    mimetype ?? { name: 'mimetype', text: 'application/vnd.oasis.opendocument.spreadsheet' },
    repeating('content.xml', block, times, { before: head + before, after: after + tail }),
  ]);
}

/** A row of an .ods table. */
export function odsRow(texts: readonly string[], attributes = ''): string {
  return `<table:table-row ${attributes}>${texts.map((text) => `<table:table-cell office:value-type="string"><text:p>${text}</text:p></table:table-cell>`).join('')}</table:table-row>`;
}

/** A container as .xls files are, with a stream. */
export function containerOf(stream: string, bytes: Buffer): Buffer {
  const container = XLSX.CFB.utils.cfb_new();
  XLSX.CFB.utils.cfb_add(container, stream, bytes);
  return XLSX.CFB.write(container, { type: 'buffer' }) as Buffer;
}
