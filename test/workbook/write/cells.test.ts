import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { unescaped } from '../../../src/workbook/xlsx/rich-text.js';
import { cellXml, escaped, valueCell } from '../../../src/workbook/write/cells.js';

function parsed(xml: string): string {
  let text = '';
  const parser = new SaxesParser();
  parser.on('text', (part) => { text += part; });
  parser.on('error', (error) => { throw error; });
  parser.write(`<t>${xml}</t>`).close();
  return unescaped(text);
}

describe('a cell that is written', () => {
  test('holds any text whatever: it comes back as it was', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('_x000D_', '_x005F_', '__x0041__', 'a\r\nb\tc', '\u0085', '\ud800', '\ufffe', ']]>', '&amp;')), (text) => {
      expect(parsed(escaped(text))).toBe(text);
    }));
  });

  test('is cut where a cell has no more room', () => {
    expect(cellXml('A1', { type: 'text', value: 'x'.repeat(40_000), look: 'text' }).length).toBeLessThan(33_000);
  });

  test('is typed by its column', () => {
    expect(valueCell('date', '2024-01-31')).toEqual({ type: 'number', value: 45322, look: 'date' });
    expect(valueCell('amount', 1.5)).toEqual({ type: 'number', value: 1.5, look: 'general' });
    expect(valueCell('identifier', '007')).toEqual({ type: 'text', value: '007', look: 'text' });
    expect(valueCell('name', null)).toBeUndefined();
  });
});
