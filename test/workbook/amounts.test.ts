import fc from 'fast-check';
import { number, text, valueOf } from './support.js';

const amount = (cell: Parameters<typeof valueOf>[1], numbers?: { decimal: string; group: string | null }): unknown =>
  valueOf('amount', cell, numbers === undefined ? {} : { numbers });

describe('an amount', () => {
  test('is the 15 significant digits of a number', () => {
    expect(amount(number('1234.5600000000001'))).toBe(1234.56);
    expect(amount(number('0.30000000000000004'))).toBe(0.3);
    expect(amount(number('1.2345E+3'))).toBe(1234.5);
  });

  test('has at most 4 decimals', () => {
    expect(amount(number('0.1234'))).toBe(0.1234);
    expect(amount(number('0.12345'))).toBe('! expected at most 4 decimals, found 0.12345');
    expect(amount(number('1E-10'))).toBe('! expected at most 4 decimals, found 1E-10');
    expect(amount(number('99999999999.9999'))).toBe(99999999999.9999);
  });

  test('is below 100,000,000,000 in size', () => {
    expect(amount(number('100000000000'))).toBe('! expected a number below 100,000,000,000 in size, found 100000000000');
    expect(amount(number('-1E+11'))).toMatch(/^! expected a number below/u);
    expect(amount(number('1E+400'))).toMatch(/^! expected a number below/u);
    expect(amount(number('NaN'))).toBe('! expected a number, found NaN');
  });

  test('of minus zero is zero', () => {
    expect(Object.is(amount(number('-0')), 0)).toBe(true);
    expect(Object.is(amount(text('-0.00')), 0)).toBe(true);
  });

  test('that is empty is null, never zero', () => {
    expect(amount(undefined)).toBeNull();
    expect(amount(text(''))).toBeNull();
    expect(amount(text(' \u00a0'))).toBeNull();
  });

  test('that is text is accepted as a plain decimal', () => {
    expect(amount(text('-1234.5'))).toBe(-1234.5);
    expect(amount(text('  12 '))).toBe(12);
    expect(amount(text('1.50000'))).toBe(1.5);
  });

  test('that is text fails with an exponent, a leading plus, a bare point, a currency or brackets', () => {
    for (const other of ['1e3', '1E+3', '+5', '.5', '5.', '$5', '5 €', '(5)', '5-', '--5', '- 5', '0x10', 'Infinity', 'NaN', '１２', '−5', '1 234', 'n/a']) {
      expect(amount(text(other))).toBe(`! expected a number, found ${JSON.stringify(other)}`);
    }
  });

  test('that is text is ambiguous with group signs and fails, unless the settings name the signs', () => {
    for (const other of ['1,234', '1.234,5', '1,5']) expect(amount(text(other))).toBe(`! expected a number, found "${other}"`);
    expect(amount(text('1,234,567.5'), { decimal: '.', group: ',' })).toBe(1234567.5);
    expect(amount(text('1.234,5'), { decimal: ',', group: '.' })).toBe(1234.5);
    expect(amount(text('1\u202f234,5'), { decimal: ',', group: '\u00a0' })).toBe(1234.5);
    expect(amount(text('1-234^5'), { decimal: '^', group: '-' })).toBe(1234.5);
  });

  test('has groups of three or none', () => {
    const english = { decimal: '.', group: ',' };
    for (const other of ['1,23', '1234,567', ',123', '1,,234', '1,234,', '1.5,000']) expect(amount(text(other), english)).toMatch(/^! expected a number/u);
    expect(amount(text('1234567'), english)).toBe(1234567);
  });

  test('of a number cell does not depend on the signs for text', () => {
    expect(amount(number('1234.5'), { decimal: ',', group: '.' })).toBe(1234.5);
    expect(amount(text('1234.5'), { decimal: ',', group: null })).toMatch(/^!/u);
  });

  test('is no date, logical value or error', () => {
    expect(amount(number('45292', 'dd/mm/yyyy'))).toBe('! expected a number, found 45292 shown as a date (format dd/mm/yyyy)');
    expect(amount({ type: 'date', text: '2024-01-31' })).toBe('! expected a number, found the date 2024-01-31');
    expect(amount({ type: 'boolean', text: 'TRUE' })).toBe('! expected a number, found the logical value TRUE');
    expect(amount({ type: 'error', text: '#DIV/0!' })).toBe('! expected a number, found the error #DIV/0!');
    expect(amount({ type: 'uncalculated', text: '' })).toMatch(/never calculated/u);
  });

  test('may be shown in any money format', () => {
    for (const format of ['#,##0.00', '#,##0.00 "Mio d y"', '[$€-407] #,##0.00', '_-* #,##0.00\\ [$kr.-406]_-', '[Red]-0.00', '0%', 'Standard', '0.00E+00', '@']) {
      expect(amount(number('12.5', format))).toBe(12.5);
    }
  });

  test('comes back from its text, as number and as text, whatever its digits', () => {
    fc.assert(fc.property(fc.maxSafeInteger().filter((units) => Math.abs(units) < 1e15), (units) => {
      const sign = units < 0 ? '-' : '';
      const digits = String(Math.abs(units)).padStart(5, '0');
      const written = `${sign}${digits.slice(0, -4)}.${digits.slice(-4)}`;
      const value = units === 0 ? 0 : units / 10_000;
      expect(amount(text(written))).toBe(value);
      expect(amount(number(written))).toBe(value);
      expect(amount(number(value))).toBe(value);
    }));
  });
});
