import type { ColumnKind, Value } from '../../template.js';
import { serialOf } from '../dates.js';

/** Cells to be written. Text stays text, whatever it looks like: never a formula, never a number. */

/** How a cell looks; an index of STYLES. */
export type Look = 'general' | 'text' | 'date' | 'altered' | 'amount' | 'number' | 'prose';

export interface OutCell {
  readonly type: 'text' | 'number' | 'boolean';
  readonly value: string | number;
  readonly look: Look;
  /** Shown in the colour of what is wrong. */
  readonly isMarked?: boolean;
}

const LOOKS: readonly Look[] = ['general', 'text', 'date', 'altered', 'amount', 'number', 'prose'];
/** Built-in formats by number, our own from 164. `altered` is no number that a column of texts takes: it shows a literal. */
const FORMATS: Readonly<Record<Look, number>> = { general: 0, text: 49, date: 164, altered: 165, amount: 166, number: 0, prose: 49 };
/** What would lean right keeps off the text behind it. */
const ALIGNMENTS: Partial<Record<Look, string>> = {
  date: 'horizontal="left" vertical="top"', number: 'horizontal="left" vertical="top"',
  amount: 'horizontal="right" indent="1" vertical="top"', prose: 'wrapText="1" vertical="top"',
};
const HEADING_STYLE = LOOKS.length * 2;
const MAX_TEXT = 32_767;

/** The look of a column's values. */
export function lookOf(kind: ColumnKind): Look {
  return kind === 'date' ? 'date' : kind === 'amount' ? 'general' : 'text';
}

/** The cell of a value as its column stores it: dates are dates, numbers numbers, everything else text. */
export function valueCell(kind: ColumnKind, value: Value): OutCell | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number') return { type: 'number', value, look: 'general' };
  if (kind === 'date') return { type: 'number', value: serialOf(value), look: 'date' };
  return { type: 'text', value, look: 'text' };
}

/** A cell as XML; `address` is its A1 address. */
export function cellXml(address: string, { type, value, look, isMarked }: OutCell): string {
  const style = LOOKS.indexOf(look) + (isMarked === true ? LOOKS.length : 0);
  if (type === 'number') return `<c r="${address}" s="${style}"><v>${value}</v></c>`;
  if (type === 'boolean') return `<c r="${address}" s="${style}" t="b"><v>${value}</v></c>`;
  return textXml(address, style, String(value));
}

/** The cell of a heading as XML. */
export function headingXml(address: string, heading: string): string {
  return textXml(address, HEADING_STYLE, heading);
}

function textXml(address: string, style: number, text: string): string {
  return `<c r="${address}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${escaped(text.slice(0, MAX_TEXT))}</t></is></c>`;
}

/** What XML cannot hold, or would change, is spelled `_x0000_`; so is an underscore that would read as the start of one. */
export function escaped(text: string): string {
  if (/^[ !#-%'-;=?-^`-~]*$/u.test(text)) return text;
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/gu, '_x005F_')
    .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\p{Cs}]/gu, (sign) => `_x${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(/[&<>"]/gu, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
}

/** The styles part that the cells refer to. */
export const STYLES = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
  + '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
  + '<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="General&quot; ?&quot;"/>'
  + '<numFmt numFmtId="166" formatCode="#,##0.00??"/></numFmts>'
  + '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
  + `<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>${fill('FFFFD9D9')}${fill('FFE3E8EF')}</fills>`
  + '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
  + '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
  + `<cellXfs count="${HEADING_STYLE + 1}">${[0, 2].flatMap((fillId) => LOOKS.map((look) => xf(FORMATS[look], 0, fillId, ALIGNMENTS[look]))).join('')}${xf(49, 1, 3)}</cellXfs>`
  + '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>';

function fill(colour: string): string {
  return `<fill><patternFill patternType="solid"><fgColor rgb="${colour}"/><bgColor indexed="64"/></patternFill></fill>`;
}

function xf(format: number, font: number, fillId: number, alignment = 'vertical="top"'): string {
  return `<xf numFmtId="${format}" fontId="${font}" fillId="${fillId}" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyAlignment="1">`
    + `<alignment ${alignment}/></xf>`;
}
