import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolderNow } from '../../sync.js';
import { columnName } from '../column-name.js';
import { cellXml, escaped, headingXml, STYLES, type OutCell } from './cells.js';
import { ZipWriter } from './zip.js';

/**
 * Workbooks of one sheet, written as their rows come. Not by SheetJS: it builds a workbook in memory several times over
 * (a file of a million failed rows would cost the thread that answers it), and freezes no headings and marks no cells.
 */
interface OutSheet {
  readonly name: string;
  readonly columns: readonly OutColumn[];
  /** Cells by column; undefined is an empty one. */
  readonly rows: Iterable<readonly (OutCell | undefined)[]> | AsyncIterable<readonly (OutCell | undefined)[]>;
}

interface OutColumn {
  readonly heading: string;
  /** In characters. */
  readonly width: number;
}

/** How many rows a sheet holds, its headings among them. */
export const MAX_ROWS = 1_048_576;
const LINE_POINTS = 15;
/** A row is no higher than this. */
const MAX_POINTS = 409;
const PIECE_CHARACTERS = 65_536;

/** Writes a workbook to a path, whole or not at all, and durably: a part file beside it is given the name at the end. Throws `disk`. */
export async function writeWorkbook(path: string, sheet: OutSheet): Promise<void> {
  const part = partPath(path);
  try {
    await writeParts(part, sheet);
    await rename(part, path);
    await syncFolderNow(dirname(path));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeParts(path: string, sheet: OutSheet): Promise<void> {
  const zip = await ZipWriter.create(path);
  try {
    const written = { rows: 0 };
    await zip.add('[Content_Types].xml', [CONTENT_TYPES]);
    await zip.add('_rels/.rels', [relationships([['officeDocument', 'xl/workbook.xml']])]);
    await zip.add('xl/_rels/workbook.xml.rels', [relationships([['worksheet', 'worksheets/sheet1.xml'], ['styles', 'styles.xml']])]);
    await zip.add('xl/styles.xml', [STYLES]);
    await zip.add('xl/worksheets/sheet1.xml', inPieces(sheetXml(sheet, written)));
    await zip.add('xl/workbook.xml', [workbookXml(sheet, written.rows)]);
    await zip.finish();
  } finally {
    await zip.close();
  }
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const CONTENT_TYPES = `${XML}<Types xmlns="${PACKAGE}/content-types">`
  + '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
  + `<Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/>`
  + `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/></Types>`;

function relationships(targets: readonly (readonly [type: string, target: string])[]): string {
  const elements = targets.map(([type, target], index) => `<Relationship Id="rId${index + 1}" Type="${RELATIONS}/${type}" Target="${target}"/>`);
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${elements.join('')}</Relationships>`;
}

function workbookXml({ name, columns }: OutSheet, rows: number): string {
  const quoted = `'${name.replaceAll("'", "''")}'`;
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${escaped(name)}" sheetId="1" r:id="rId1"/></sheets>`
    + `<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">${escaped(quoted)}!$A$1:$${columnName(columns.length - 1)}$${rows}</definedName>`
    + `<definedName name="_xlnm.Print_Titles" localSheetId="0">${escaped(quoted)}!$1:$1</definedName></definedNames></workbook>`;
}

async function* sheetXml({ columns, rows }: OutSheet, written: { rows: number }): AsyncGenerator<string> {
  const letters = columns.map((_, index) => columnName(index));
  yield `${XML}<worksheet xmlns="${MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`
    + `<cols>${columns.map(({ width }, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`).join('')}</cols><sheetData>`;
  written.rows = 1;
  yield `<row r="1">${columns.map(({ heading }, index) => headingXml(`${letters[index]!}1`, heading)).join('')}</row>`;
  for await (const row of rows) {
    // A sheet has no more room; the rest is in the file that is being answered.
    if (written.rows === MAX_ROWS) break;
    const number = written.rows += 1;
    const cells = row.map((cell, index) => (cell === undefined ? '' : cellXml(`${letters[index]!}${number}`, cell)));
    yield `<row r="${number}"${heightOf(row, columns)}>${cells.join('')}</row>`;
  }
  yield `</sheetData><autoFilter ref="A1:${letters[letters.length - 1]!}${written.rows}"/>`
    // On paper all columns are side by side, under their headings on every page.
    + '<pageSetup orientation="landscape" fitToHeight="0"/></worksheet>';
}

/** Prose that is wider than its column needs a higher row: not every program gives it one by itself. */
function heightOf(row: readonly (OutCell | undefined)[], columns: readonly OutColumn[]): string {
  let lines = 1;
  row.forEach((cell, index) => {
    if (cell?.look === 'prose') lines = Math.max(lines, Math.ceil(String(cell.value).length / columns[index]!.width));
  });
  return lines === 1 ? '' : ` ht="${Math.min(lines * LINE_POINTS, MAX_POINTS)}" customHeight="1"`;
}

/** A row at a time would cost a step of the whole pipeline each. */
async function* inPieces(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const text of texts) {
    piece += text;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** The same path gives the same name, so that a later try clears up what a killed one left. */
function partPath(path: string): string {
  return join(dirname(path), `.${createHash('sha256').update(basename(path)).digest('hex').slice(0, 24)}.part`);
}
