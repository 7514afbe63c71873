import fc from 'fast-check';
import { cleanText, folded, unprintable } from '../../src/workbook/text.js';

describe('text', () => {
  test('is trimmed, of no-break spaces, zero-width characters and direction marks at the ends too', () => {
    expect(cleanText('  Acme \t\n')).toBe('Acme');
    expect(cleanText('\u00a0\u200b\ufeffAcme\u200d\u00a0 \u202c')).toBe('Acme');
    expect(cleanText('\u00a0 \u200b')).toBe('');
  });

  test('has its inner white space folded to one space, line breaks and no-break spaces included', () => {
    expect(cleanText('Acme  \r\n\u00a0\u3000 Ltd')).toBe('Acme Ltd');
  });

  test('keeps zero-width characters within, where they are part of words', () => {
    expect(cleanText('\u0645\u06cc\u200c\u062e')).toBe('\u0645\u06cc\u200c\u062e');
  });

  test('is NFC: an accent of its own and a letter that has it are the same text', () => {
    expect(cleanText('Mu\u0308ller')).toBe('M\u00fcller');
  });

  test('stays as it is once it is clean, whatever it was', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const clean = cleanText(text);
      expect(cleanText(clean)).toBe(clean);
      expect(clean).toBe(clean.trim());
    }));
  });

  test('of thirty thousand spaces is cleaned in linear time', () => {
    const start = performance.now();
    expect(cleanText(`x${' '.repeat(32_000)}y`)).toBe('x y');
    expect(performance.now() - start).toBeLessThan(200);
  });

  test('is compared without case, white space and compatibility forms', () => {
    expect(folded(' Effective\u00a0\nDATE ')).toBe(folded('effective date'));
    expect(folded('Ｔｅｒｍ')).toBe('term');
    expect(folded('STRASSE')).toBe(folded('Straße'));
  });

  test('tells characters that no workbook can hold', () => {
    expect(unprintable('Acme Müller 漢字 😀')).toBeUndefined();
    expect(unprintable('A\u0000B')).toBe('\u0000');
    expect(unprintable('A\ud800B')).toBe('\ud800');
  });
});
