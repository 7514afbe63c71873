import fc from 'fast-check';
import { dateFormat, dateOfSerial, existingDate, serialOf } from '../../src/workbook/dates.js';
import { number, text, valueOf } from './support.js';

const MS_PER_DAY = 86_400_000;
const date = (cell: Parameters<typeof valueOf>[1], changes = {}, system: 1900 | 1904 = 1900): unknown => valueOf('effective_date', cell, changes, system);
const formats = (...names: string[]) => ({ dates: { earliest: '1990-01-01', latest: '2100-12-31', formats: names } });

describe('a date', () => {
  test('that is a number is an Excel serial: over the whole range the arithmetic agrees with Date.UTC', () => {
    for (let day = Date.UTC(1990, 0, 1); day <= Date.UTC(2100, 11, 31); day += MS_PER_DAY) {
      const iso = new Date(day).toISOString().slice(0, 10);
      const serial = (day - Date.UTC(1899, 11, 30)) / MS_PER_DAY;
      if (dateOfSerial(serial, 1900) !== iso || dateOfSerial(serial - 1462, 1904) !== iso || serialOf(iso) !== serial) throw new Error(iso);
    }
  });

  test('counts in the 1904 system where the workbook says so', () => {
    expect(date(number(45322))).toBe('2024-01-31');
    expect(date(number(43860), {}, 1904)).toBe('2024-01-31');
  });

  test('has no serial before March 1900, where Excel counts a day that never was', () => {
    expect(dateOfSerial(60, 1900)).toBeUndefined();
    expect(dateOfSerial(61, 1900)).toBe('1900-03-01');
    expect(dateOfSerial(0, 1904)).toBe('1904-01-01');
    expect(dateOfSerial(Number.NaN, 1900)).toBeUndefined();
    expect(dateOfSerial(2_958_466, 1900)).toBeUndefined();
  });

  test('with a time of day fails', () => {
    expect(date(number('45322.5'))).toBe('! expected a date without a time of day, found 45322.5 (2024-01-31 and a time)');
    expect(date({ type: 'date', text: '2024-01-31T12:00:00' })).toBe('! expected a date YYYY-MM-DD, found the date 2024-01-31T12:00:00');
  });

  test('is the 15 significant digits of its number', () => {
    expect(date(number('45322.00000000001'))).toBe('2024-01-31');
  });

  test('that is text is accepted as YYYY-MM-DD and in no other format by default', () => {
    expect(date(text(' 2024-01-31 '))).toBe('2024-01-31');
    for (const other of ['03/04/2024', '31.01.2024', '2024-1-31', '20240131', '2024-01-31T00:00:00', '31 Jan 2024', '24-01-31']) {
      expect(date(text(other))).toBe(`! expected a date YYYY-MM-DD, found "${other}"`);
    }
  });

  test('that is text has to be in the calendar', () => {
    expect(date(text('2023-02-29'))).toBe('! expected a date YYYY-MM-DD, found "2023-02-29"');
    expect(date(text('2024-02-29'))).toBe('2024-02-29');
    expect(date(text('2024-13-01'))).toMatch(/^!/u);
    expect(existingDate(50, 1, 1)).toBeUndefined();
  });

  test('that is text is accepted in the formats that the settings list', () => {
    expect(date(text('31.01.2024'), formats('DD.MM.YYYY'))).toBe('2024-01-31');
    expect(date(text('2024-01-31'), formats('DD.MM.YYYY'))).toBe('2024-01-31');
    expect(date(text('1/2/2024'), formats('M/D/YYYY'))).toBe('2024-01-02');
    expect(date(text('31x01x2024'), formats('DD.MM.YYYY'))).toBe('! expected a date (YYYY-MM-DD, DD.MM.YYYY), found "31x01x2024"');
  });

  test('that two of the listed formats read differently fails', () => {
    const both = formats('DD/MM/YYYY', 'MM/DD/YYYY');
    expect(date(text('03/04/2024'), both)).toBe('! expected one date, found "03/04/2024", which may be 2024-04-03 or 2024-03-04');
    expect(date(text('31/01/2024'), both)).toBe('2024-01-31');
    expect(date(text('05/05/2024'), both)).toBe('2024-05-05');
  });

  test('outside the range of the settings fails', () => {
    expect(date(text('1989-12-31'))).toBe('! expected a date from 1990-01-01 to 2100-12-31, found 1989-12-31');
    expect(date(text('1990-01-01'))).toBe('1990-01-01');
    expect(date(text('2100-12-31'))).toBe('2100-12-31');
    expect(date(number(73416))).toBe('! expected a date from 1990-01-01 to 2100-12-31, found 2101-01-01');
    expect(date(number(2024))).toBe('! expected a date from 1990-01-01 to 2100-12-31, found 1905-07-16');
    expect(date(number(20240131))).toBe('! expected a date YYYY-MM-DD, found 20240131');
  });

  test('may be an ISO date cell, at midnight or without a time', () => {
    for (const iso of ['2024-01-31', '2024-01-31T00:00:00', '2024-01-31T00:00:00.000Z']) expect(date({ type: 'date', text: iso })).toBe('2024-01-31');
  });

  test('is no logical value, no error and no formula without a value', () => {
    expect(date({ type: 'boolean', text: 'TRUE' })).toBe('! expected a date YYYY-MM-DD, found the logical value TRUE');
    expect(date({ type: 'error', text: '#N/A' })).toBe('! expected a date YYYY-MM-DD, found the error #N/A');
    expect(date({ type: 'uncalculated', text: '' })).toMatch(/^! expected a date YYYY-MM-DD, found a formula that was never calculated/u);
  });

  test('comes back from its text in any format', () => {
    fc.assert(fc.property(fc.integer({ min: 33_000, max: 73_000 }), (serial) => {
      const iso = dateOfSerial(serial, 1900)!;
      expect(dateFormat('DD.MM.YYYY')(iso.split('-').reverse().join('.'))).toBe(iso);
    }));
  });
});
