import type { ReadSettings } from '../../config/settings.js';
import { IngestError } from '../../errors.js';
import type { Workbook } from '../cell.js';
import { readXml } from '../xlsx/xml.js';
import { hostile, malformed, Zip } from '../xlsx/zip.js';
import { OdsStyles } from './styles.js';
import { readTable } from './table.js';

/**
 * .ods, read strictly as it streams. Not by SheetJS, which drops what it does not expect without a word: values of
 * cells without a paragraph, formulas without a value, the formats that cells inherit from their column.
 */

const CONTENT = 'content.xml';
const STYLES = 'styles.xml';
const MANIFEST = 'META-INF/manifest.xml';
const OFFICE = 'urn:oasis:names:tc:opendocument:xmlns:office:1.0';
const TABLE = 'urn:oasis:names:tc:opendocument:xmlns:table:1.0';

/** Opens an .ods workbook. Throws IngestError. */
export async function openOds(path: string, limits: ReadSettings['limits']): Promise<Workbook> {
  const zip = await Zip.open(path, { ...limits, inflatedMiB: limits.otherInflatedMiB });
  try {
    await refuseEncrypted(zip);
    const styles = new OdsStyles();
    if (zip.has(STYLES)) await readWhole(zip, STYLES, styles);
    const { tables, dateSystem } = await outline(zip, styles, limits.entries);
    return {
      kind: '.ods workbook', dateSystem,
      sheets: tables.map(({ name, style }, index) => ({
        name, visible: !styles.isHiddenTable(style), rows: () => readTable(() => zip.stream(CONTENT), index, styles, limits),
      })),
      bytes: () => zip.inflatedBytes,
      close: async () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

interface Handler {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close(name: string): void;
}

async function readWhole(zip: Zip, part: string, handler: Handler): Promise<void> {
  const whole = { open: handler.open.bind(handler), close: handler.close.bind(handler), text: () => undefined };
  for await (const _ of readXml(part, await zip.stream(part), whole)) { /* the handler has what it needs */ }
}

async function refuseEncrypted(zip: Zip): Promise<void> {
  if (!zip.has(CONTENT)) throw malformed(CONTENT, 'is not there');
  if (zip.has(MANIFEST) && (await zip.bytes(MANIFEST)).includes('encryption-data')) {
    throw new IngestError('password-protected', 'is password-protected: save it without a password');
  }
}

interface Outline {
  readonly tables: readonly { readonly name: string; readonly style: string | undefined }[];
  readonly dateSystem: 1900 | 1904;
}

/** The names of the tables, and the styles that stand before them. */
async function outline(zip: Zip, styles: OdsStyles, maxTables: number): Promise<Outline> {
  const tables: { name: string; style: string | undefined }[] = [];
  let dateSystem: 1900 | 1904 = 1900;
  let depth = 0;
  await readWhole(zip, CONTENT, {
    open: (name, attributes) => {
      if (name === 'document-content') refuseOtherNames(attributes);
      styles.open(name, attributes);
      if (name === 'null-date') dateSystem = dateSystemOf(attributes['table:date-value']);
      // A table within a cell is no sheet.
      if (tables.length > maxTables) throw hostile(CONTENT, `has more than ${maxTables} sheets`);
      if (name === 'table' && (depth += 1) === 1) tables.push({ name: attributes['table:name'] ?? '', style: attributes['table:style-name'] });
    },
    close: (name) => {
      styles.close(name);
      if (name === 'table') depth -= 1;
    },
  });
  return { tables, dateSystem };
}

/** Attributes are looked up by their usual prefixes; under others their values would be missed in silence. */
function refuseOtherNames(attributes: Readonly<Record<string, string>>): void {
  if (attributes['xmlns:office'] !== OFFICE || attributes['xmlns:table'] !== TABLE) {
    throw malformed(CONTENT, 'names its elements in an unusual way');
  }
}

function dateSystemOf(date: string | undefined): 1900 | 1904 {
  if (date === undefined || date === '1899-12-30') return 1900;
  if (date === '1904-01-01') return 1904;
  throw malformed(CONTENT, `counts its dates from ${date}, which is not known`);
}
