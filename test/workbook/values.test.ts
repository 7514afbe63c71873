import fc from 'fast-check';
import { number, stage, text, valueOf } from './support.js';

const TEXTS = ['client_account', 'external_reference', 'company_name'];

describe.each(TEXTS)('%s', (column) => {
  const value = (cell: Parameters<typeof valueOf>[1]): unknown => valueOf(column, cell);

  test('is text, cleaned', () => {
    expect(value(text('\u00a0 Acme\n Ltd\u200b'))).toBe('Acme Ltd');
    expect(value(text('007'))).toBe('007');
    expect(value(text('__proto__'))).toBe('__proto__');
  });

  test('that is a whole number of at most 15 digits is printed in full', () => {
    expect(value(number('123456789012345'))).toBe('123456789012345');
    expect(value(number('1.23E+14'))).toBe('123000000000000');
    expect(value(number('12345.0'))).toBe('12345');
    expect(value(number('-0'))).toBe('0');
    expect(value(number('1914300', '@'))).toBe('1914300');
  });

  test('that is a number keeps the leading zeros of a format such as 00000', () => {
    expect(value(number('42', '00000'))).toBe('00042');
  });

  test('that is a number of more than 15 digits or with a fraction fails', () => {
    expect(value(number('1914300000000000000'))).toBe('! expected text, found the number 1914300000000000000; Excel has already changed it: format the column as text and enter it again');
    expect(value(number('1E+15'))).toMatch(/^! expected text, found the number/u);
    expect(value(number('12.5'))).toMatch(/^! expected text, found the number 12.5;/u);
  });

  test('that is a number shown as a date or with literals fails', () => {
    expect(value(number('45322', 'yyyy-mm-dd'))).toMatch(/^! expected text, found the number 45322 shown as a date; Excel has already changed it/u);
    expect(value(number('7', '"CL-"000'))).toMatch(/^! expected text, found the number 7 shown as "CL-"000; Excel/u);
  });

  test('such as 1.9143E+18 fails as text too: Excel has already changed it', () => {
    for (const changed of ['1.9143E+18', '1E+15', '-2,5e+10']) expect(value(text(changed))).toMatch(/Excel has already changed it/u);
    for (const kept of ['1E5', 'E+12', '4E12', '1.9143E+18X']) expect(value(text(kept))).toBe(kept);
  });

  test('is no logical value, date, error or formula without a value', () => {
    expect(value({ type: 'boolean', text: 'TRUE' })).toBe('! expected text, found the logical value TRUE');
    expect(value({ type: 'date', text: '2024-01-31' })).toBe('! expected text, found the date 2024-01-31');
    expect(value({ type: 'error', text: '#N/A' })).toBe('! expected text, found the error #N/A');
    expect(value({ type: 'uncalculated', text: '' })).toMatch(/never calculated/u);
  });

  test('that is the text of an error fails, as a CSV file writes it', () => {
    expect(value(text(' #N/A '))).toBe('! expected text, found the error #N/A');
    expect(value(text('#12'))).toBe('#12');
  });

  test('with a character that cannot be shown or stored fails', () => {
    expect(value(text('A\u0000B'))).toBe('! expected text, found "A\\u0000B", which holds the unprintable character U+0000');
    expect(value(text('A\ud83dB'))).toMatch(/U\+D83D$/u);
  });

  test('that is empty fails', () => {
    for (const empty of [undefined, text(''), text('\u00a0\u200b')]) expect(value(empty)).toBe('! expected a value, found an empty cell');
  });
});

describe('a term', () => {
  const term = (cell: Parameters<typeof valueOf>[1], terms?: string[]): unknown => valueOf('term', cell, terms === undefined ? {} : { terms });

  test('is one of the settings’ terms, stored as the settings spell it', () => {
    expect(term(text('  30   DAYS '))).toBe('30 Days');
    expect(term(text('7\u00a0days'))).toBe('7 Days');
    expect(term(text('n/a'))).toBe('N/A');
    expect(term(text('60 days'), ['60 DAYS'])).toBe('60 DAYS');
  });

  test('that is no other text, number or logical value is accepted', () => {
    expect(term(text('60 Days'))).toBe('! expected one of N/A, Cash, 7 Days, 30 Days, found "60 Days"');
    expect(term(number(7))).toBe('! expected one of N/A, Cash, 7 Days, 30 Days, found 7');
    expect(term({ type: 'error', text: '#N/A' })).toBe('! expected one of N/A, Cash, 7 Days, 30 Days, found the error #N/A');
    expect(term(undefined)).toBe('! expected a value, found an empty cell');
  });
});

test('long texts are shortened in messages and kept in the raw cells', () => {
  const long = 'x'.repeat(500);
  const staged = stage([text('2024-01-31'), text('a'), text('b'), text('c'), text(long), text('Cash')])!;
  expect(staged.error).toBe(`sheet "Sheet1" row 2, Amount: expected a number, found "${'x'.repeat(60)}…"; row not loaded`);
  expect(staged.raw?.[4]).toBe(long);
});

test('any text whatever becomes a value or a message, and both are JSON', () => {
  fc.assert(fc.property(fc.array(fc.option(fc.string({ unit: 'binary' }), { nil: undefined }), { minLength: 6, maxLength: 6 }), (texts) => {
    const staged = stage(texts.map((value) => (value === undefined ? undefined : text(value))));
    if (staged !== undefined) expect(staged.error === null).toBe(staged.raw === null);
  }));
});
