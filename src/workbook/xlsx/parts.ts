import { posix } from 'node:path';
import * as XLSX from 'xlsx';
import { readXmlWhole } from './xml.js';
import { hostile, malformed, type Zip } from './zip.js';

/** The small parts of a workbook: where the others are, the sheets, the number formats. */

export interface SheetPart {
  readonly name: string;
  readonly visible: boolean;
  readonly part: string;
}

export interface WorkbookParts {
  readonly sheets: readonly SheetPart[];
  readonly strings: string | undefined;
  readonly dateSystem: 1900 | 1904;
  /** By the style of a cell: its number format; undefined is General. */
  readonly formats: readonly (string | undefined)[];
}

/** Reads the small parts. Throws IngestError where the workbook is not there or hangs together badly. */
export async function readParts(zip: Zip): Promise<WorkbookParts> {
  const workbook = await workbookPart(zip);
  if (workbook === undefined) throw malformed('_rels/.rels', 'names no workbook');
  const relations = await relationsOf(zip, workbook);
  const { sheets, dateSystem } = await readSheets(zip, workbook, relations);
  const byType = (type: string): string | undefined => [...relations.values()].find((relation) => relation.type === type && zip.has(relation.target))?.target;
  const styles = byType('styles');
  return { sheets, dateSystem, strings: byType('sharedStrings'), formats: styles === undefined ? [] : await readFormats(zip, styles) };
}

/** The name of the part that the package says is its main document, or undefined. */
export async function workbookPart(zip: Zip): Promise<string | undefined> {
  const relations = await relationsOf(zip, '');
  return [...relations.values()].find(({ type, target }) => type === 'officeDocument' && zip.has(target))?.target;
}

interface Relation {
  /** The last word of its type: `worksheet`, `styles`. */
  readonly type: string;
  readonly target: string;
}

async function relationsOf(zip: Zip, part: string): Promise<Map<string, Relation>> {
  const folder = posix.dirname(part);
  const name = part === '' ? '_rels/.rels' : posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  const relations = new Map<string, Relation>();
  if (!zip.has(name)) return relations;
  await readXmlWhole(name, await zip.stream(name), {
    open: (element, attributes) => {
      if (element !== 'Relationship' || attributes['TargetMode'] === 'External') return;
      const target = attributes['Target'] ?? '';
      const path = target.startsWith('/') ? target.slice(1) : posix.normalize(posix.join(part === '' ? '' : folder, target));
      relations.set(attributes['Id'] ?? '', { type: posix.basename(attributes['Type'] ?? ''), target: path });
    },
    close: () => undefined,
    text: () => undefined,
  });
  return relations;
}

async function readSheets(
  zip: Zip, part: string, relations: ReadonlyMap<string, Relation>,
): Promise<{ sheets: SheetPart[]; dateSystem: 1900 | 1904 }> {
  const sheets: SheetPart[] = [];
  let dateSystem: 1900 | 1904 = 1900;
  await readXmlWhole(part, await zip.stream(part), {
    open: (element, attributes) => {
      if (element === 'workbookPr') dateSystem = isTrue(attributes['date1904']) ? 1904 : 1900;
      if (element !== 'sheet') return;
      const name = attributes['name'] ?? '';
      const id = Object.entries(attributes).find(([key]) => key === 'id' || key.endsWith(':id'))?.[1];
      const relation = relations.get(id ?? '');
      if (relation === undefined || !zip.has(relation.target)) throw malformed(part, `sheet "${name}" points to a part that is not there`);
      // Charts and dialogs are sheets without rows.
      if (sheets.some((sheet) => sheet.part === relation.target)) throw hostile(part, `two of its sheets are the same part ${relation.target}`);
      if (relation.type === 'worksheet') sheets.push({ name, visible: (attributes['state'] ?? 'visible') === 'visible', part: relation.target });
    },
    close: () => undefined,
    text: () => undefined,
  });
  return { sheets, dateSystem };
}

/** The formats that every workbook has, by their numbers; the types of SheetJS leave them open. */
interface FormatTable {
  get_table(): Record<string, string>;
}

/** Excel allows 65,490. */
export const MAX_STYLES = 65_536;

/** Taken once, at the start: SheetJS writes the formats of each file that it reads into its table, and leaves them there. */
const BUILT_IN: readonly (readonly [number, string])[] = Object.entries((XLSX.SSF as FormatTable).get_table()).map(([id, code]) => [Number(id), code]);

async function readFormats(zip: Zip, part: string): Promise<(string | undefined)[]> {
  const codes = new Map<number, string>(BUILT_IN);
  const formats: (string | undefined)[] = [];
  let inCells = false;
  let numFmts = 0;
  await readXmlWhole(part, await zip.stream(part), {
    open: (element, attributes) => {
      if (element === 'numFmt' && (numFmts += 1) > MAX_STYLES) throw hostile(part, `has more than ${MAX_STYLES} number formats`);
      if (formats.length > MAX_STYLES) throw hostile(part, `has more than ${MAX_STYLES} styles`);
      if (element === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? 'General');
      else if (element === 'cellXfs') inCells = true;
      else if (element === 'xf' && inCells) formats.push(formatOf(codes, Number(attributes['numFmtId'] ?? 0)));
    },
    close: (element) => { if (element === 'cellXfs') inCells = false; },
    text: () => undefined,
  });
  return formats;
}

function formatOf(codes: ReadonlyMap<number, string>, id: number): string | undefined {
  const code = codes.get(id);
  return code === 'General' ? undefined : code;
}

/** Whether an attribute says yes. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true' || value === 'on';
}
