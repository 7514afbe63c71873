import { MAX_STYLES } from '../xlsx/parts.js';
import { hostile } from '../xlsx/zip.js';

type Attributes = Readonly<Record<string, string>>;

/** Elements that describe how numbers look; what is in them becomes a format code. */
const FORMAT_ELEMENTS = new Set(['number-style', 'currency-style', 'percentage-style', 'date-style', 'time-style', 'boolean-style', 'text-style']);
/** Any code that shows a date, a literal, a text will do: what matters is what it is not. */
const PARTS: Readonly<Record<string, string>> = {
  day: 'dd', month: 'mm', year: 'yyyy', 'day-of-week': 'ddd', era: 'yyyy', quarter: '"Q"', 'week-of-year': '"W"',
  hours: '"h"', minutes: '"m"', seconds: '"s"', 'am-pm': '"am"', 'text-content': '@', boolean: '"b"',
  text: '"…"', 'currency-symbol': '"¤"', fraction: '"/"', 'embedded-text': '"…"',
};

/** The styles of an .ods workbook, as far as they say how numbers look and which tables are hidden. */
export class OdsStyles {
  private readonly codes = new Map<string, string>();
  /** Codes for numbers from zero on, where the main one is for negative numbers. */
  private readonly positive = new Map<string, string>();
  private readonly cells = new Map<string, { format: string | undefined; parent: string | undefined }>();
  private readonly hiddenTables = new Set<string>();
  private format: { name: string; code: string } | undefined;
  private style = { name: '', family: '' };

  open(name: string, attributes: Attributes): void {
    if (this.codes.size + this.cells.size + this.hiddenTables.size > MAX_STYLES) throw hostile('styles', `has more than ${MAX_STYLES} styles`);
    if (FORMAT_ELEMENTS.has(name) && attributes['style:name'] !== undefined) this.format = { name: attributes['style:name'], code: '' };
    else if (this.format !== undefined) this.addToFormat(name, attributes);
    else if (name === 'style') this.openStyle(attributes);
    else if (name === 'table-properties' && this.style.family === 'table' && attributes['table:display'] === 'false') this.hiddenTables.add(this.style.name);
  }

  close(name: string): void {
    if (this.format === undefined || !FORMAT_ELEMENTS.has(name)) return;
    this.codes.set(this.format.name, this.format.code);
    this.format = undefined;
  }

  /** The format code of a cell's style, or of the first style above it that has one; undefined is General. */
  formatOf(style: string | undefined): string | undefined {
    const seen = new Set<string>();
    for (let name = style; name !== undefined && !seen.has(name); name = this.cells.get(name)?.parent) {
      seen.add(name);
      const format = this.cells.get(name)?.format;
      if (format !== undefined) return this.codeOf(format);
    }
    return undefined;
  }

  isHiddenTable(style: string | undefined): boolean {
    return style !== undefined && this.hiddenTables.has(style);
  }

  private openStyle(attributes: Attributes): void {
    this.style = { name: attributes['style:name'] ?? '', family: attributes['style:family'] ?? '' };
    if (this.style.family !== 'table-cell') return;
    this.cells.set(this.style.name, { format: attributes['style:data-style-name'], parent: attributes['style:parent-style-name'] });
  }

  private addToFormat(name: string, attributes: Attributes): void {
    const format = this.format!;
    if (name === 'number') format.code += digitsOf(attributes);
    else if (name === 'scientific-number') format.code += '0.00E+00';
    else if (name === 'map' && /^value\(\)>=?0$/u.test(attributes['style:condition'] ?? '')) this.positive.set(format.name, attributes['style:apply-style-name'] ?? '');
    else format.code += PARTS[name] ?? '';
  }

  private codeOf(format: string): string | undefined {
    const code = this.codes.get(format);
    const positive = this.codes.get(this.positive.get(format) ?? '');
    const whole = positive === undefined ? code : `${positive};${code ?? ''}`;
    return whole === '' ? undefined : whole;
  }
}

function digitsOf(attributes: Attributes): string {
  const whole = Number(attributes['number:min-integer-digits'] ?? 0);
  const decimals = Number(attributes['number:decimal-places'] ?? 0);
  const scale = attributes['number:display-factor'];
  const digits = whole === 0 ? '#' : '0'.repeat(Math.min(whole, 32));
  return (attributes['number:grouping'] === 'true' ? `#,##${digits}` : digits)
    + (decimals > 0 ? `.${'0'.repeat(Math.min(decimals, 32))}` : '') + (scale === undefined || scale === '1' ? '' : '","');
}
