import * as XLSX from 'xlsx';
import { bookOf, HEADINGS, zipOf } from '../../support/workbooks.js';
import { containerOf, odsOf, odsRow, parts, repeating } from './bytes.js';
import type { HostileFile } from './files.js';

const MIB = 1_048_576;
const long = 'x'.repeat(32_767);
const ROW = ['2024-01-31', 'CL-1', 'R-1', 'Acme', '1', 'Cash'];

/** What is named .xlsx and is none. */
export const impostors: readonly HostileFile[] = [
  { name: 'empty.xlsx', what: '0 bytes', bytes: () => Buffer.alloc(0), refused: 'empty-file', because: /is empty/u },
  { name: 'page.xlsx', what: 'an HTML page', bytes: () => Buffer.from('\n<!DOCTYPE html><html><table></table></html>'), refused: 'wrong-kind', because: /is an HTML page/u },
  { name: 'picture.xlsx', what: 'a picture', bytes: () => Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), refused: 'wrong-kind', because: /is a picture/u },
  { name: 'list.xlsx', what: 'a CSV file', bytes: () => Buffer.from(`${HEADINGS.join(',')}\n${ROW.join(',')}\n`), reads: 1 },
  { name: 'encrypted.xlsx', what: 'a workbook with a password', bytes: () => containerOf('EncryptedPackage', Buffer.alloc(5_000, 7)), refused: 'password-protected', because: /without a password/u },
  { name: 'noise.xlsx', what: 'noise', bytes: () => Buffer.from(Array.from({ length: 9_999 }, (_, index) => (index * index * 31 + 7) % 256)), refused: 'wrong-kind', because: /of no kind that is known/u },
];

const headings = odsRow(HEADINGS);

/** .ods workbooks. */
export const openDocuments: readonly HostileFile[] = [
  { name: 'rows.ods', what: 'a row that repeats 999,999,999 times', bytes: () => odsOf(headings + odsRow(ROW, 'table:number-rows-repeated="999999999"')), refused: 'too-large', because: /rows allowed/u },
  { name: 'empty-rows.ods', what: 'an empty row that repeats 999,999,999 times', bytes: () => odsOf(headings + odsRow(ROW) + '<table:table-row table:number-rows-repeated="999999999"><table:table-cell/></table:table-row>'), reads: 1 },
  { name: 'amplified.ods', what: 'a row of long texts that repeats a million times', bytes: () => odsOf(headings + odsRow(['2024-01-31', long, long, long, '1', 'Cash'], 'table:number-rows-repeated="1000000"')), refused: 'zip-bomb', because: /times what the file unpacks to/u },
  { name: 'columns.ods', what: '100,000 rows of a cell that repeats 16,384 times', bytes: () => odsOf(`<table:table-row><table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>`.repeat(1_000), 100, { before: headings }), refused: 'too-large', because: /cells/u },
  { name: 'spaces.ods', what: 'a paragraph of a million times 32,767 spaces', bytes: () => odsOf('<text:s text:c="32767"/>'.repeat(1_000), 1_000, { before: `${headings}<table:table-row><table:table-cell office:value-type="string"><text:p>`, after: '</text:p></table:table-cell></table:table-row>' }), refused: 'too-large', because: /characters/u },
  { name: 'styles.ods', what: '100,000 styles', bytes: () => odsOf('', 1, { before: headings, styles: Array.from({ length: 100_000 }, (_, index) => `<style:style style:name="${index}" style:family="table-cell"/>`).join('') }), refused: 'hostile', because: /styles/u },
  { name: 'tables.ods', what: '100,000 tables', bytes: () => odsOf('</table:table><table:table table:name="T">'.repeat(1_000), 100), refused: 'hostile', because: /sheets/u },
  { name: 'mimetype.ods', what: 'a type of 400 MiB', bytes: () => odsOf(headings, 1, { mimetype: repeating('mimetype', 'application/vnd.oasis.opendocument.spreadsheet'.repeat(20_000), 440) }), refused: 'hostile', because: /mimetype/u },
  { name: 'bomb.ods', what: 'a table of 1 GiB in 1 MB', bytes: () => odsOf('<table:table-row/>'.repeat(60_000), 1_000, { before: headings }), refused: 'zip-bomb', because: /bomb/u },
];

const sound = (kind: XLSX.BookType): Buffer => bookOf([HEADINGS, ROW], kind);
const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => { const copy = Buffer.from(bytes); change(copy); return copy; };
/** Where the chain of sectors stands: the first sector that the header names. */
const chains = (bytes: Buffer): number => (bytes.readUInt32LE(0x4c) + 1) * 512;

/** .xls and .xlsb workbooks. */
export const binaries: readonly HostileFile[] = [
  { name: 'loop.xls', what: 'a chain of sectors that bites its tail', bytes: () => changed(sound('biff8'), (copy) => { for (let sector = 0; sector < 128; sector += 1) copy.writeInt32LE(sector === 0 ? 1 : 0, chains(copy) + sector * 4); }), refused: 'malformed', because: /./u },
  { name: 'loop-chains.xls', what: 'a list of chains that names itself', bytes: () => changed(sound('biff8'), (copy) => { copy.writeInt32LE(0, 0x44); copy.writeUInt32LE(0xffff, 0x48); copy.fill(0, 512, 1_024); }), refused: 'malformed', because: /./u },
  { name: 'sectors.xls', what: 'sectors of 2 GiB', bytes: () => changed(sound('biff8'), (copy) => copy.writeUInt16LE(31, 0x1e)), refused: 'malformed', because: /./u },
  { name: 'chains.xls', what: '4 billion chains, it says', bytes: () => changed(sound('biff8'), (copy) => copy.writeUInt32LE(0xffffffff, 0x2c)), reads: 1 },
  { name: 'records.xls', what: '5 million records of nothing', bytes: () => containerOf('Workbook', Buffer.alloc(20_000_000)), refused: 'no-sheet', because: /found none/u },
  { name: 'size.xls', what: 'a stream of 4 GiB', bytes: () => changed(sound('biff8'), (copy) => { for (let at = 0; at + 128 <= copy.length; at += 128) if (copy.toString('utf16le', at, at + 16) === 'Workbook') copy.writeUInt32LE(0xfffffff0, at + 120); }), refused: 'malformed', because: /./u },
  { name: 'bomb.xlsb', what: 'a sheet of 150 MiB in 150 kB', bytes: () => zipOf(parts({ '_rels/.rels': (part) => ({ ...part, text: String(part.text).replace('workbook.xml', 'workbook.bin') }), 'xl/workbook.bin': repeating('xl/workbook.bin', '\0'.repeat(MIB), 150) })), refused: 'zip-bomb', because: /bomb/u },
];

/** CSV files. */
export const texts: readonly HostileFile[] = [
  { name: 'cells.csv', what: 'a line of 20 million cells', bytes: () => Buffer.from(','.repeat(20_000_000)), refused: 'too-large', because: /columns allowed/u },
  { name: 'cells-behind.csv', what: 'the same behind the headings', bytes: () => Buffer.from(`${HEADINGS.join(';')}\n${'a;'.repeat(10_000_000)}`), refused: 'too-large', because: /columns allowed/u },
  { name: 'text.csv', what: 'a line of 20 million letters', bytes: () => Buffer.from(`${HEADINGS.join(',')}\n${'x'.repeat(20_000_000)}`), refused: 'too-large', because: /characters allowed/u },
  { name: 'quotes.csv', what: '20 million quotes', bytes: () => Buffer.from(`${HEADINGS.join(',')}\n${'"'.repeat(20_000_000)}\n`), refused: 'too-large', because: /characters allowed/u },
  { name: 'lines.csv', what: '20 million empty lines', bytes: () => Buffer.from(`${HEADINGS.join(',')}\n${'\n'.repeat(20_000_000)}`), refused: 'too-large', because: /rows allowed/u },
  { name: 'nothing.csv', what: '20 million zero bytes behind the headings', bytes: () => Buffer.concat([Buffer.from(`${HEADINGS.join(',')}\n`.padEnd(5_000)), Buffer.alloc(20_000_000)]), refused: 'wrong-kind', because: /no text/u },
];
