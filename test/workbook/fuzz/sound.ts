import fc from 'fast-check';
import type { Cell } from '../../../src/workbook/cell.js';
import type { Part } from '../../support/workbooks.js';
import { element, PLAIN, written, type Element, type Hand } from './xml.js';

/** Sound workbooks of every shape that the format allows, each with what it says. */

/** A cell by its place, as every reader has to see it. */
export interface PlacedCell {
  readonly row: number;
  readonly column: number;
  readonly hidden: boolean;
  readonly cell: Cell;
}

export interface SoundSheet {
  readonly name: string;
  readonly visible: boolean;
  readonly cells: readonly PlacedCell[];
}

/** What a workbook says. */
export interface Said {
  readonly dateSystem: 1900 | 1904;
  readonly sheets: readonly SoundSheet[];
}

/** A workbook before it is written down. */
export interface SoundWorkbook extends Said {
  readonly parts: readonly { readonly name: string; readonly root: Element; readonly mayHavePrefix: boolean }[];
}

/** The parts of a workbook as a hand writes them. */
export function partsOf({ parts }: SoundWorkbook, hand: Hand = PLAIN): Part[] {
  return parts.map(({ name, root, mayHavePrefix }) => ({ name, text: written(root, mayHavePrefix ? hand : { ...hand, prefix: '' }) }));
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';

/** Number formats by the styles that have them; undefined is General. */
export const FORMATS: readonly (string | undefined)[] = [undefined, 'm/d/yy', '0.00', '00000', 'yyyy\\-mm\\-dd', '"CL-"000', '[Red]-0;0;"zero"'];
const FORMAT_IDS = ['0', '14', '2', '164', '165', '166', '167'];

/** What a cell is written as, and what it says. */
interface WrittenCell {
  readonly element: (attributes: Readonly<Record<string, string | undefined>>, share: (text: Element) => string) => Element;
  readonly says: Cell | undefined;
}

const texts = fc.oneof(
  fc.constantFrom('Cash', 'CL-1', '2024-01-31', '', ' ', '  two  ', '_x000D_', '_x005F_', 'a\nb', 'a\r\nb\tc', '<&>"\'', ']]>', '__proto__', 'Ω≈ç√', '👍🏽', 'e\u0301', '﻿mark', '1,234.50', '=1+1', '#N/A'),
  fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ maxLength: 30 }),
);
const digits = fc.oneof(
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('0', '-0', '45322', '1234.5600000000001', '1.5E+3', '1E-7', '.5', '5.', '+7', '007', '1e308', '123456789012345678', '0.1000'),
);

/** Characters that XML cannot hold, and what would look like their escapes, as workbooks write them. */
function inWorkbook(text: string): string {
  return text.replace(/_(?=x[\da-f]{4}_)/giu, '_x005F_').replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/gu, (sign) => `_x${sign.charCodeAt(0).toString(16).padStart(4, '0')}_`);
}

const textElement = (text: string): Element => element('t', { 'xml:space': 'preserve' }, inWorkbook(text));
const phonetic = element('rPh', { sb: '0', eb: '1' }, element('t', {}, 'カナ'));

/** A text in one piece, or in runs with fonts and phonetic hints. */
const richTexts = fc.array(texts, { minLength: 1, maxLength: 3 }).chain((runs) => fc.record({ runs: fc.constant(runs), isRich: fc.boolean(), hasHint: fc.boolean() }))
  .map(({ runs, isRich, hasHint }) => {
    const isPlain = runs.length === 1 && !isRich;
    const pieces = isPlain ? [textElement(runs[0]!)] : runs.map((run) => element('r', {}, element('rPr', {}, element('b')), textElement(run)));
    return { text: runs.join(''), pieces: hasHint ? [...pieces, phonetic, element('phoneticPr', { fontId: '1' })] : pieces };
  })
  // An escape must not come into being where two runs meet.
  .filter(({ text, pieces }) => !/_x[\da-f]{4}_/iu.test(text) || pieces.length === 1);

const style = fc.nat({ max: FORMATS.length - 1 });
const inCell = (type: string | undefined, ...children: Element[]): WrittenCell['element'] => (attributes) => element('c', { ...attributes, t: type }, ...children);
const value = (text: string): Element => element('v', {}, text);
const formula = element('f', {}, 'IF(A1<"x",1&2,3)');

const cells: fc.Arbitrary<{ style: number } & WrittenCell> = style.chain((index) => {
  const format = FORMATS[index];
  return fc.oneof<fc.Arbitrary<WrittenCell>[]>(
    fc.record({ text: digits, type: fc.constantFrom(undefined, 'n'), calculated: fc.boolean() })
      .map(({ text, type, calculated }) => ({ element: inCell(type, ...(calculated ? [formula] : []), value(text)), says: { type: 'number', text, format } })),
    richTexts.map(({ text, pieces }) => ({
      element: (attributes, share) => element('c', { ...attributes, t: 's' }, value(share(element('si', {}, ...pieces)))), says: { type: 'text', text },
    })),
    richTexts.map(({ text, pieces }) => ({ element: inCell('inlineStr', element('is', {}, ...pieces)), says: { type: 'text', text } })),
    texts.map((text) => ({ element: inCell('str', formula, value(inWorkbook(text))), says: { type: 'text', text } })),
    fc.boolean().map((yes) => ({ element: inCell('b', value(yes ? '1' : '0')), says: { type: 'boolean', text: yes ? 'TRUE' : 'FALSE' } })),
    fc.constantFrom('#N/A', '#REF!', '#DIV/0!', '#NAME?').map((text) => ({ element: inCell('e', value(text)), says: { type: 'error', text } })),
    fc.constantFrom('2024-01-31', '2024-01-31T00:00:00', '1999-12-31T12:30:00Z').map((text) => ({ element: inCell('d', value(text)), says: { type: 'date', text } })),
    fc.constant({ element: inCell(undefined, formula), says: { type: 'uncalculated', text: '' } }),
    fc.constantFrom<WrittenCell['element']>(inCell(undefined), inCell('n', value('')), inCell('s')).map((empty) => ({ element: empty, says: undefined })),
  ).map((cell) => ({ ...cell, style: index }));
});

interface WrittenRow {
  /** How many rows are left out before it. */
  readonly gap: number;
  readonly hidden: boolean;
  readonly hasAddress: boolean;
  readonly cells: readonly { readonly gap: number; readonly hasAddress: boolean; readonly cell: { style: number } & WrittenCell }[];
}

const gaps = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.nat({ max: 300 }) });
const rows: fc.Arbitrary<WrittenRow[]> = fc.array(fc.record({
  gap: gaps, hidden: fc.boolean(), hasAddress: fc.boolean(),
  cells: fc.array(fc.record({ gap: gaps, hasAddress: fc.boolean(), cell: cells }), { maxLength: 8 }),
}), { maxLength: 8 });

const sheets = fc.record({
  name: fc.constantFrom('Sheet1', 'Data & more', 'Übersicht', '__proto__', 'a\'b'), rows,
  state: fc.constantFrom(undefined, undefined, 'visible', 'hidden', 'veryHidden'), dimension: fc.constantFrom(undefined, 'A1', 'A1:B2', 'A1:XFD1048576'),
});

/** Any sound workbook. */
export const soundWorkbooks: fc.Arbitrary<SoundWorkbook> = fc.record({
  sheets: fc.uniqueArray(sheets, { minLength: 1, maxLength: 3, selector: ({ name }) => name }), is1904: fc.constantFrom(undefined, '0', '1', 'true'), isAbsolute: fc.boolean(),
}).map(({ sheets: chosen, is1904, isAbsolute }) => {
  const shared: Element[] = [];
  const share = (text: Element): string => String(shared.push(text) - 1);
  const built = chosen.map((sheet) => ({ ...sheet, ...builtRows(sheet.rows, share) }));
  const target = (name: string): string => (isAbsolute ? `/xl/${name}` : name);
  return {
    dateSystem: is1904 === '1' || is1904 === 'true' ? 1904 : 1900,
    sheets: built.map(({ name, state, cells: placed }) => ({ name, visible: state === undefined || state === 'visible', cells: placed })),
    parts: [
      part('[Content_Types].xml', element('Types', { xmlns: `${PACKAGE}/content-types` },
        element('Default', { Extension: 'rels', ContentType: 'application/vnd.openxmlformats-package.relationships+xml' }),
        element('Override', { PartName: '/xl/workbook.xml', ContentType: contentType('sheet.main') }),
        element('Override', { PartName: '/xl/styles.xml', ContentType: contentType('styles') }),
        element('Override', { PartName: '/xl/sharedStrings.xml', ContentType: contentType('sharedStrings') }),
        ...built.map((_, index) => element('Override', { PartName: `/xl/worksheets/sheet${index + 1}.xml`, ContentType: contentType('worksheet') })))),
      part('_rels/.rels', relations([['officeDocument', isAbsolute ? '/xl/workbook.xml' : 'xl/workbook.xml']])),
      part('xl/workbook.xml', workbookElement(built, is1904), true),
      part('xl/_rels/workbook.xml.rels', relations([
        ...built.map((_, index): [string, string] => ['worksheet', target(`worksheets/sheet${index + 1}.xml`)]), ['styles', target('styles.xml')], ['sharedStrings', target('sharedStrings.xml')],
      ])),
      part('xl/styles.xml', stylesElement(), true),
      part('xl/sharedStrings.xml', element('sst', { xmlns: MAIN, count: '1', uniqueCount: '1' }, ...shared), true),
      ...built.map(({ data, dimension }, index) => part(`xl/worksheets/sheet${index + 1}.xml`, sheetElement(data, dimension), true)),
    ],
  };
});

function part(name: string, root: Element, mayHavePrefix = false): SoundWorkbook['parts'][number] {
  // With a prefix the namespace has to be bound to it.
  const bound = mayHavePrefix ? { ...root, attributes: { 'xmlns:x': MAIN, ...root.attributes } } : root;
  return { name, root: bound, mayHavePrefix };
}

function contentType(kind: string): string {
  return `application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml`;
}

function relations(targets: readonly (readonly [type: string, target: string])[]): Element {
  return element('Relationships', { xmlns: `${PACKAGE}/relationships` },
    ...targets.map(([type, target], index) => element('Relationship', { Id: `rId${index + 1}`, Type: `${OFFICE}/${type}`, Target: target })));
}

function workbookElement(built: readonly { name: string; state: string | undefined }[], is1904: string | undefined): Element {
  return element('workbook', { xmlns: MAIN, 'xmlns:r': OFFICE }, element('workbookPr', { date1904: is1904 }),
    element('sheets', {}, ...built.map(({ name, state }, index) => element('sheet', { name, sheetId: String(index + 1), state, 'r:id': `rId${index + 1}` }))));
}

function stylesElement(): Element {
  const custom = FORMATS.flatMap((code, index) => (Number(FORMAT_IDS[index]) < 164 ? [] : [element('numFmt', { numFmtId: FORMAT_IDS[index], formatCode: code })]));
  return element('styleSheet', { xmlns: MAIN }, element('numFmts', { count: String(custom.length) }, ...custom),
    element('fonts', {}, element('font')), element('cellStyleXfs', {}, element('xf', { numFmtId: '9' })),
    element('cellXfs', { count: String(FORMATS.length) }, ...FORMAT_IDS.map((numFmtId) => element('xf', { numFmtId, fontId: '0', applyNumberFormat: '1' }))));
}

function sheetElement(data: readonly Element[], dimension: string | undefined): Element {
  return element('worksheet', { xmlns: MAIN, 'xmlns:r': OFFICE }, ...(dimension === undefined ? [] : [element('dimension', { ref: dimension })]),
    element('sheetViews', {}, element('sheetView', { workbookViewId: '0' })), element('cols', {}, element('col', { min: '1', max: '3', width: '12' })),
    element('sheetData', {}, ...data), element('pageMargins', { left: '0.7', right: '0.7', top: '0.75', bottom: '0.75', header: '0.3', footer: '0.3' }));
}

function builtRows(described: readonly WrittenRow[], share: (text: Element) => string): { data: Element[]; cells: PlacedCell[] } {
  const placed: PlacedCell[] = [];
  let row = 0;
  const data = described.map(({ gap, hidden, hasAddress, cells: inRow }) => {
    row += 1 + gap;
    let column = -1;
    const elements = inRow.map(({ gap: columns, hasAddress: isPlaced, cell }) => {
      column += 1 + columns;
      if (cell.says !== undefined) placed.push({ row, column, hidden, cell: cell.says });
      return cell.element({ r: isPlaced || columns > 0 ? addressOf(row, column) : undefined, s: cell.style === 0 ? undefined : String(cell.style) }, share);
    });
    return element('row', { r: hasAddress || gap > 0 ? String(row) : undefined, hidden: hidden ? '1' : undefined, spans: '1:6' }, ...elements);
  });
  return { data, cells: placed };
}

/** `AB12` for a row from 1 and a column from 0. */
export function addressOf(row: number, column: number): string {
  let letters = '';
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  return `${letters}${row}`;
}
