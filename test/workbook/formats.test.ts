import fc from 'fast-check';
import * as XLSX from 'xlsx';
import { printedWhole, showsDate } from '../../src/workbook/formats.js';

describe('a number format', () => {
  test('of zeros only pads with leading zeros, as Excel shows them', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 1, max: 12 }), (number, zeros) => {
      const format = '0'.repeat(zeros);
      expect(printedWhole(number, format)).toBe((XLSX.SSF as { format: (code: string, value: number) => string }).format(format, number));
    }));
  });

  test('that shows the digits as they are prints them in full', () => {
    for (const format of [undefined, 'General', 'GENERAL', '@', '0', '#', '#,##0', '0.00', '#,##0.00', '0.00E+00', '[Red]0', '[$-409]0', '#,##0_ ;[Red]\\-#,##0\\ ', '_-* #,##0_-;\\-* #,##0_-;_-* "-"_-;_-@_-']) {
      expect(printedWhole(1234567, format)).toBe('1234567');
    }
  });

  test('with literals, scaling, a condition or nothing to show does not print', () => {
    for (const format of ['"CL-"000', 'CL000', '000-000', '\\A0', '0%', '0,', '#,##0,', '00,000', '# ?/?', '[>100]0;00', ';;;', '""', '"x"General', '0" ?"', '[$€-2] #,##0']) {
      expect(printedWhole(1234567, format)).toBeUndefined();
    }
  });

  test('of a date or a time does not print', () => {
    for (const format of ['yyyy-mm-dd', 'dd/mm/yy', 'mmm-yy', '[h]:mm', 'hh:mm:ss', 'm/d/yy h:mm', '[$-F800]dddd, mmmm dd, yyyy']) expect(printedWhole(45322, format)).toBeUndefined();
  });

  test('applies the section for the sign', () => {
    expect(printedWhole(-5, '000')).toBe('-005');
    expect(printedWhole(-5, '0;-0')).toBe('-5');
    expect(printedWhole(-5, '0;(0)')).toBe('-5');
    expect(printedWhole(-5, '0;"minus "0')).toBeUndefined();
    expect(printedWhole(0, '0;0;"none"')).toBeUndefined();
    expect(printedWhole(0, '00;-0')).toBe('00');
  });

  test('shows a date where it has a year, or a day and a month, outside literals', () => {
    for (const format of ['yyyy', 'd-mmm', 'dd.mm.yyyy', '[$-409]d\\ mmm']) expect(showsDate(format)).toBe(true);
    for (const format of [undefined, 'General', 'Standard', '0.00', '"day" 0', '\\d0\\m', '[Red]0', 'hh:mm', '#,##0.00 [$DM-y]', '0_d_m']) expect(showsDate(format)).toBe(false);
  });
});
