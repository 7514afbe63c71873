import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPLATE } from '../src/template.js';
import { cellXml, STYLES, valueCell } from '../src/workbook/write/cells.js';
import { writeWorkbook } from '../src/workbook/write/workbook.js';
import { ZipWriter } from '../src/workbook/write/zip.js';

/** Workbooks made in code: the same request gives the same bytes, which are kept for the next run. */

/** How a workbook stores its texts: as Excel saves them, or as programs write them. */
export type Texts = 'shared' | 'inline';

/** One submission of every account. */
export interface Submission {
  readonly texts: Texts;
  readonly rows: number;
  readonly accounts: number;
  /** Its month, counted from January 2015; the effective date is its last day. */
  readonly month: number;
  /** The share of items whose amount or term differs from the month before. */
  readonly changed: number;
  /** The number of its first account: files of different accounts. */
  readonly firstAccount?: number;
  /** The number of its first item: a list that is cut up into several files. */
  readonly firstItem?: number;
}

export type Row = readonly [date: string, account: string, reference: string, company: string, amount: number | null, term: string];

const FOLDER = join(process.cwd(), 'data', 'bench', 'files');
const TERMS = ['Cash', '7 Days', '30 Days', 'N/A'];
const NAMES = ['Acme', 'Borealis', 'Cobalt & Sons', 'Dünamis', 'Evergreen', 'Fjord', 'Granite', 'Helios', 'Indigo', 'Juniper'];
const KINDS = ['Ltd', 'GmbH', 'SA', 'Inc', 'Logistics', 'Trading', 'Foods', 'Works'];

/** The rows of a submission, account by account. */
export function* rowsOf({ rows, accounts, month, changed, firstAccount = 0, firstItem = firstAccount * 1_000_003 }: Submission): Generator<Row> {
  const date = lastDayOf(month);
  for (let row = 0; row < rows; row += 1) {
    const account = Math.floor((row * accounts) / rows) + firstAccount;
    const item = row + firstItem;
    const version = versionAt(item, month, changed);
    yield [
      date, `CL-${String(account).padStart(4, '0')}`, `R${String(item).padStart(8, '0')}`,
      `${NAMES[item % NAMES.length]!} ${KINDS[(item >> 3) % KINDS.length]!} ${item % 200_000}`,
      mixed(item, version) % 50 === 0 ? null : (mixed(item, version * 7 + 1) % 10_000_000) / 100, TERMS[mixed(item, version + 13) % TERMS.length]!,
    ];
  }
}

/** The workbook of a submission. Returns its path. */
export async function workbookOf(submission: Submission): Promise<string> {
  const { texts, rows, accounts, month, changed, firstAccount = 0, firstItem } = submission;
  const path = join(FOLDER, `${texts}-${rows}x${accounts}-${month}-${changed}-${firstAccount}${firstItem === undefined ? '' : `-${firstItem}`}.xlsx`);
  if (existsSync(path)) return path;
  await mkdir(FOLDER, { recursive: true });
  if (texts === 'inline') await writeInline(path, submission);
  else await writeShared(path, submission);
  return path;
}

async function writeInline(path: string, submission: Submission): Promise<void> {
  await writeWorkbook(path, {
    name: 'Sheet1', columns: TEMPLATE.map(({ heading }) => ({ heading, width: 18 })),
    rows: (function* () {
      for (const row of rowsOf(submission)) yield TEMPLATE.map(({ kind }, index) => valueCell(kind, row[index]!));
    })(),
  });
}

/** As Excel does: texts once, in a part of their own, and cells that name them. */
async function writeShared(path: string, submission: Submission): Promise<void> {
  const strings = new Map<string, number>();
  const zip = await ZipWriter.create(`${path}.part`);
  try {
    for (const [name, xml] of Object.entries(PARTS)) await zip.add(name, [xml]);
    await zip.add('xl/worksheets/sheet1.xml', inPieces(sheetXml(submission, strings)));
    await zip.add('xl/sharedStrings.xml', inPieces(stringsXml(strings)));
    await zip.finish();
  } finally {
    await zip.close();
  }
  await rename(`${path}.part`, path);
}

function* sheetXml(submission: Submission, strings: Map<string, number>): Generator<string> {
  const { rows } = submission;
  yield `${XML}<worksheet xmlns="${MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><dimension ref="A1:F${rows + 1}"/>`
    + '<sheetViews><sheetView workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/><sheetData>';
  yield `<row r="1" spans="1:6">${TEMPLATE.map(({ heading }, index) => sharedCell(`${LETTERS[index]!}1`, heading, strings)).join('')}</row>`;
  let number = 1;
  for (const row of rowsOf(submission)) {
    number += 1;
    yield `<row r="${number}" spans="1:6">${row.map((value, index) => excelCell(index, number, value, strings)).join('')}</row>`;
  }
  yield '</sheetData><pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/></worksheet>';
}

function excelCell(index: number, number: number, value: Row[number], strings: Map<string, number>): string {
  const { kind } = TEMPLATE[index]!;
  const address = `${LETTERS[index]!}${number}`;
  const cell = valueCell(kind, value);
  if (cell === undefined) return '';
  return cell.type === 'text' ? sharedCell(address, String(value), strings) : cellXml(address, cell);
}

function sharedCell(address: string, text: string, strings: Map<string, number>): string {
  let index = strings.get(text);
  if (index === undefined) strings.set(text, index = strings.size);
  return `<c r="${address}" t="s"><v>${index}</v></c>`;
}

function* stringsXml(strings: ReadonlyMap<string, number>): Generator<string> {
  yield `${XML}<sst xmlns="${MAIN}" count="${strings.size}" uniqueCount="${strings.size}">`;
  for (const text of strings.keys()) yield `<si><t>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</t></si>`;
  yield '</sst>';
}

function* inPieces(texts: Iterable<string>): Generator<string> {
  let piece = '';
  for (const text of texts) {
    piece += text;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Which of an item's values is in force in a month: it counts the months in which it changed. */
function versionAt(item: number, month: number, changed: number): number {
  const every = changed === 0 ? Infinity : Math.round(1 / changed);
  return Math.floor((month + (item % every)) / every);
}

/** A number that looks random and is the same every time. */
function mixed(item: number, salt: number): number {
  let hash = Math.imul(item ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The last day of a month counted from January 2015. */
export function lastDayOf(month: number): string {
  return new Date(Date.UTC(2015, month + 1, 0)).toISOString().slice(0, 10);
}

const LETTERS = TEMPLATE.map((_, index) => String.fromCharCode(65 + index));
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const PARTS: Readonly<Record<string, string>> = {
  '[Content_Types].xml': `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`
    + '<Default Extension="xml" ContentType="application/xml"/>'
    + [['workbook', 'sheet.main'], ['worksheets/sheet1', 'worksheet'], ['styles', 'styles'], ['sharedStrings', 'sharedStrings']]
      .map(([part, type]) => `<Override PartName="/xl/${part!}.xml" ContentType="${TYPE}.${type!}+xml"/>`).join('') + '</Types>',
  '_rels/.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/_rels/workbook.xml.rels': `${XML}<Relationships xmlns="${PACKAGE}/relationships">`
    + [['worksheet', 'worksheets/sheet1'], ['styles', 'styles'], ['sharedStrings', 'sharedStrings']]
      .map(([type, part], index) => `<Relationship Id="rId${index + 1}" Type="${RELATIONS}/${type!}" Target="${part!}.xml"/>`).join('') + '</Relationships>',
  'xl/workbook.xml': `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/styles.xml': STYLES,
};
