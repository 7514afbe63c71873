import { HEADING_ROW, HEADINGS, inlineRow, zipOf, type Part } from '../../support/workbooks.js';
import type { HostileFile } from './files.js';
import { goodRow, parts, repeating, SHEET, withData } from './bytes.js';

const MIB = 1_048_576;
const onSheet = (change: (text: string) => string): Part[] => parts({ [SHEET]: (part) => ({ ...part, text: change(String(part.text)) }) });
const long = 'x'.repeat(32_767);
const shared = (texts: string): Parameters<typeof parts>[0] => ({ 'xl/sharedStrings.xml': { name: 'xl/sharedStrings.xml', text: `<sst>${texts}</sst>` } });
const sharedRow = (cells: number): string => `<row>${'<c t="s"><v>0</v></c>'.repeat(cells)}</row>`;
const filler = (bytes: number, text: string): string => text.repeat(Math.ceil(bytes / text.length));

const SMALL = repeating('x', filler(MIB, '\0'), 1);

/** Zips that are not what they claim. */
export const zips: readonly HostileFile[] = [
  { name: 'bomb.xlsx', what: 'a sheet of 1 GiB in 1 MB', bytes: () => withData(filler(MIB, '<row/>'), 1_024), refused: 'zip-bomb', because: /a zip bomb/u },
  { name: 'bomb-unread.xlsx', what: 'a picture of 1 GiB in 1 MB', bytes: () => zipOf(parts({ 'xl/media/a.png': repeating('xl/media/a.png', filler(MIB, '\0'), 1_024) })), refused: 'zip-bomb', because: /a zip bomb/u },
  { name: 'bomb-lying.xlsx', what: 'the same, said to have 1,000 bytes', bytes: () => zipOf(parts({ [SHEET]: { ...repeating(SHEET, filler(MIB, ' '), 1_024), size: 1_000 } })), refused: 'malformed', because: /sheet1\.xml.*header says 1000/u },
  { name: 'bomb-large.xlsx', what: 'said to have 4 GiB', bytes: () => zipOf(parts({ [SHEET]: (part) => ({ ...part, size: 0xfffffffe }) })), refused: 'zip-bomb', because: /a zip bomb/u },
  { name: 'entries.xlsx', what: '60,000 parts', bytes: () => zipOf([...parts(), ...Array.from({ length: 60_000 }, (_, index) => ({ name: `x${index}`, text: '', packed: Buffer.from([3, 0]) }))]), refused: 'hostile', because: /60007 parts, more than the 1000 allowed/u },
  { name: 'overlapping.xlsx', what: '900 parts in the same bytes', bytes: () => zipOf([...parts(), repeating('x', filler(MIB, '\0'), 100), ...Array.from({ length: 900 }, (_, index): Part => ({ ...SMALL, name: `x${index}`, overlaps: true }))]), refused: 'hostile', because: /overlap/u },
  { name: 'long-names.xlsx', what: 'parts with names of 60,000 characters', bytes: () => zipOf([...parts(), ...Array.from({ length: 900 }, (_, index) => ({ name: `${index}${'n'.repeat(60_000)}`, text: '' }))]), refused: 'hostile', because: /name/u },
  { name: 'checksum.xlsx', what: 'a wrong checksum', bytes: () => zipOf(parts({ [SHEET]: (part) => ({ ...part, crc: 1 }) })), refused: 'malformed', because: /checksum/u },
  { name: 'cut-off.xlsx', what: 'the last bytes are missing', bytes: () => zipOf(parts()).subarray(0, -30), refused: 'malformed', because: /damaged or cut off/u },
  { name: 'up.xlsx', what: 'a part named ../../evil.xml', bytes: () => zipOf([...parts(), { name: '../../evil.xml', text: 'x' }]), refused: 'malformed', because: /\.\.\/\.\.\/evil\.xml/u },
  { name: 'absolute.xlsx', what: 'a part named /etc/passwd', bytes: () => zipOf([...parts(), { name: '/etc/passwd', text: 'x' }]), refused: 'malformed', because: /etc\/passwd/u },
  { name: 'encrypted-parts.xlsx', what: 'encrypted parts', bytes: () => zipOf(parts().map((part) => ({ ...part, flags: 1 }))), refused: 'password-protected', because: /without a password/u },
];

/** XML that costs more than it says, or says what it must not. */
export const documents: readonly HostileFile[] = [
  { name: 'shared-amplified.xlsx', what: '5 million cells with one shared text of 32,767 characters', bytes: () => withData(filler(MIB, sharedRow(6)), 120, {}, shared(`<si><t>${long}</t></si>`)), refused: 'zip-bomb', because: /times what the file unpacks to/u },
  { name: 'row-amplified.xlsx', what: 'a row of 16,384 cells with that text', bytes: () => withData(sharedRow(16_384), 30, { before: '' }, shared(`<si><t>${long}</t></si>`)), refused: 'too-large', because: /row 1: .*characters/u },
  { name: 'shared-many.xlsx', what: '50 million empty shared texts', bytes: () => zipOf(parts({ 'xl/sharedStrings.xml': repeating('xl/sharedStrings.xml', '<si/>'.repeat(200_000), 250, { before: '<sst>', after: '</sst>' }) })), refused: 'zip-bomb', because: /sharedStrings/u },
  { name: 'shared-large.xlsx', what: 'shared texts of 250 MiB in 300 kB', bytes: () => zipOf(parts({ 'xl/sharedStrings.xml': repeating('xl/sharedStrings.xml', `<si><t>${long}</t></si>`, 7_900, { before: '<sst>', after: '</sst>' }) })), refused: 'zip-bomb', because: /sharedStrings\.xml.*a zip bomb/u },
  { name: 'styles.xlsx', what: '40 million styles', bytes: () => zipOf(parts({ 'xl/styles.xml': repeating('xl/styles.xml', '<xf/>'.repeat(200_000), 200, { before: '<styleSheet><cellXfs>', after: '</cellXfs></styleSheet>' }) })), refused: 'hostile', because: /styles/u },
  { name: 'formats.xlsx', what: '5 million number formats', bytes: () => zipOf(parts({ 'xl/styles.xml': repeating('xl/styles.xml', Array.from({ length: 50_000 }, (_, index) => `<numFmt numFmtId="${index}" formatCode="0"/>`).join(''), 100, { before: '<styleSheet>', after: '</styleSheet>' }) })), refused: 'hostile', because: /number formats/u },
  { name: 'sheets.xlsx', what: '100,000 sheets that are one', bytes: () => zipOf(parts({ 'xl/workbook.xml': (part) => ({ ...part, text: String(part.text).replace(/<sheet [^>]*>/u, (sheet) => sheet.repeat(100_000)) }) }, inlineRow(1, ['nothing']))), refused: 'hostile', because: /same part/u },
  { name: 'sheet-name.xlsx', what: 'a sheet with a name of a million characters', bytes: () => zipOf(parts({ 'xl/workbook.xml': (part) => ({ ...part, text: String(part.text).replace('"Sheet1"', `"${'S'.repeat(1_000_000)}"`) }) })), refused: 'hostile', because: /name/u },
  { name: 'dimension.xlsx', what: 'a dimension of 17 billion cells', bytes: () => zipOf(onSheet((text) => text.replace('A1:B2', 'A1:XFD1048576'))), reads: 1 },
  { name: 'stray.xlsx', what: 'a cell in the last row and column', bytes: () => zipOf(onSheet((text) => text.replace('</sheetData>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'))), reads: 1 },
  { name: 'strays.xlsx', what: 'a cell in the last column of each of 200,000 rows', bytes: () => withData('<row><c r="XFD#"/></row>', 0, { after: Array.from({ length: 200_000 }, (_, index) => `<row r="${index + 2}"><c r="XFD${index + 2}"><v>1</v></c></row>`).join('') + goodRow(200_002) }), reads: 1 },
  { name: 'styled.xlsx', what: 'a million styled empty rows', bytes: () => withData('<row s="1" customFormat="1"><c s="1"/><c s="1"/><c s="1"/><c s="1"/><c s="1"/><c s="1"/></row>'.repeat(1_000), 1_000, { after: goodRow(1_000_002) }), reads: 1 },
  { name: 'laughs.xlsx', what: 'entities that expand to gigabytes', bytes: () => zipOf(onSheet((text) => `<!DOCTYPE l [<!ENTITY a "ha">${'bcdefghij'.split('').map((name, index) => `<!ENTITY ${name} "${`&${'abcdefghi'[index]!};`.repeat(10)}">`).join('')}]>${text.replace('Acme', '&j;')}`)), refused: 'hostile', because: /document type or entities/u },
  { name: 'external.xlsx', what: 'an entity from /etc/passwd', bytes: () => zipOf(onSheet((text) => `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${text.replace('Acme', '&a;')}`)), refused: 'hostile', because: /document type or entities/u },
  { name: 'undeclared.xlsx', what: 'an entity that is not declared', bytes: () => zipOf(onSheet((text) => text.replace('Acme', '&a;'))), refused: 'malformed', because: /well-formed/u },
  { name: 'deep.xlsx', what: 'a million elements in each other', bytes: () => zipOf(onSheet((text) => text.replace('</sheetData>', `${'<a>'.repeat(1e6)}${'</a>'.repeat(1e6)}</sheetData>`))), refused: 'hostile', because: /nested deeper/u },
  { name: 'attribute.xlsx', what: 'an attribute of 100 MB', bytes: () => withData(filler(MIB, 'x'), 100, { before: `${HEADING_ROW}<row r="`, after: '"/>' }), refused: 'hostile', because: /characters/u },
  { name: 'attributes.xlsx', what: 'a tag with a million attributes', bytes: () => zipOf(onSheet((text) => text.replace('<sheetData>', `<sheetData ${Array.from({ length: 1e6 }, (_, index) => `a${index}=""`).join(' ')}>`))), refused: 'hostile', because: /characters/u },
  { name: 'text.xlsx', what: 'a text of 100 MB', bytes: () => withData(filler(MIB, 'x'), 100, { before: `${HEADING_ROW}<row><c t="inlineStr"><is><t>`, after: '</t></is></c></row>' }), refused: 'hostile', because: /characters/u },
  { name: 'pieces.xlsx', what: 'a text of 60 MB in pieces with comments between', bytes: () => withData(`${'x'.repeat(60)}<!---->`.repeat(1_000), 1_000, { before: `${HEADING_ROW}<row><c t="inlineStr"><is><t>`, after: '</t></is></c></row>' }), refused: 'too-large', because: /characters/u },
  { name: 'comment.xlsx', what: 'a comment of 100 MB', bytes: () => withData(filler(MIB, 'x'), 100, { before: `${HEADING_ROW}<!--`, after: '-->' }), refused: 'hostile', because: /characters/u },
  { name: 'cut-xml.xlsx', what: 'XML that ends early', bytes: () => zipOf(onSheet((text) => text.slice(0, -20))), refused: 'malformed', because: /sheet1\.xml/u },
  { name: 'malformed.xlsx', what: 'XML that is none', bytes: () => zipOf(onSheet((text) => text.replace('</row>', '</raw>'))), refused: 'malformed', because: /sheet1\.xml/u },
  { name: 'latin.xlsx', what: 'XML in another encoding', bytes: () => zipOf(onSheet((text) => `<?xml version="1.0" encoding="ISO-8859-1"?>${text.replace('Acme', 'Ã¼')}`)), refused: 'malformed', because: /ISO-8859-1/u },
  { name: 'proto.xlsx', what: '__proto__ as part, sheet, heading and value', bytes: () => zipOf([
    ...parts({ 'xl/workbook.xml': (part) => ({ ...part, text: String(part.text).replace('"Sheet1"', '"__proto__" __proto__="1"') }) },
      inlineRow(1, [...HEADINGS, '__proto__', 'constructor']) + inlineRow(2, ['2024-01-31', '__proto__', 'constructor', 'toString', '1', 'Cash', '__proto__'])), { name: '__proto__', text: 'x' }, { name: 'constructor', text: 'x' },
  ]), reads: 1 },
];
