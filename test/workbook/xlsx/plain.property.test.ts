import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IngestError } from '../../../src/errors.js';
import { TEMPLATE } from '../../../src/template.js';
import { RowStager } from '../../../src/workbook/rows.js';
import { PlainRows } from '../../../src/workbook/xlsx/plain-rows.js';
import { PlainTexts } from '../../../src/workbook/xlsx/plain-texts.js';
import { RowBuilder } from '../../../src/workbook/xlsx/sheet.js';
import { SharedStrings } from '../../../src/workbook/xlsx/strings.js';
import { readXml } from '../../../src/workbook/xlsx/xml.js';
import { defaults } from '../../support/world.js';
import { settings } from '../support.js';

/** Plain rows and texts beside the strict reader: whatever is in a part, with them it says what it says alone. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 40) * 25;
const { limits } = defaults();
const FORMATS = [undefined, 'yyyy-mm-dd', '00000', '0%', undefined];
const HEADINGS = { row: 0, columns: TEMPLATE.map((_, index) => index), width: TEMPLATE.length, ignored: [] };
const SHARED = ['CL-1', 'R-1', 'Acme & Sons', 'Cash', ' Acme ', '', '2024-01-31', 'Ünï "x"', 'a\nb', '30  days', '#N/A', '1E+05', '\u0130'];

function sharedStrings(): SharedStrings {
  const strings = new SharedStrings(1_048_576);
  for (const text of SHARED) strings.add(text);
  return strings;
}

/** The rows of a sheet, each as its cells and as it is staged; the refusal is all there is. */
async function told(chunks: readonly Buffer[], isPlain: boolean): Promise<{ rows: unknown[]; quickly: number }> {
  const rows: unknown[] = [];
  let quickly = 0;
  const strings = sharedStrings();
  const builder = new RowBuilder({ name: 'S', part: 'sheet1.xml', visible: true }, FORMATS, strings, limits, []);
  const stager = new RowStager('S', HEADINGS, settings(), 1900);
  try {
    for await (const _ of readXml('sheet1.xml', Readable.from(chunks), builder, isPlain ? new PlainRows(builder, strings, FORMATS, limits) : undefined)) {
      for (const row of builder.take()) {
        stager.add(row);
        const staged = stager.flush();
        if (row.packed !== undefined && staged?.failed === 0) quickly += 1;
        rows.push({ number: row.number, hidden: row.hidden, cells: [...row.cells], staged });
      }
    }
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { rows: ['refused', error.code], quickly };
  }
  return { rows, quickly };
}

/** What no strict reader refuses, for any type that is given it here: most files must be sound for anything to be seen. */
const soundText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('CL-1', 'R 1', ' R', 'R ', 'R  1', '007', '12.50', 'Cash', 'cash', '30 Days', '2024-01-31', '45322', '1E+05', 'a"b', 'a\\b', 'a+b', '#N/A', 'TRUE', '_y', 'a]b', 'a>b', "O'Neil",
    'Ünï', 'Ærø', 'ȿ', 'Ɂ', 'e\u0301', 'É\u0301', '\u00a0', '\u00ad', '\u2003', '\u200b', '日本', '\ufb01', '\n', '\t', 'A &amp; B', '&lt;b&gt;', '_x0041_', '😀', '') },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '-', 'é', '\u0301', 'ß', '_', 'x', "'"), maxLength: 6 }) },
);
const soundNumber = fc.oneof(
  fc.constantFrom('0', '1', '45322', '42063.5', '12.50', '12.5', '-0', '-0.5', '007', '0.12345', '99999999999', '123456789012', '-1e3', '1E+05', '.5', '5.', ' 5 ', '+5'),
  fc.double({ min: -1e12, max: 1e12, noNaN: true }).map(String),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((number) => String(number / 100)),
);
const soundCell = fc.oneof(
  { weight: 4, arbitrary: soundNumber.map((text) => ({ type: '', text: `<v>${text}</v>` })) },
  { weight: 2, arbitrary: soundNumber.map((text) => ({ type: ' t="n"', text: `<f>A1&lt;2</f><v>${text}</v>` })) },
  { weight: 4, arbitrary: fc.nat(SHARED.length - 1).map((index) => ({ type: ' t="s"', text: `<v>${index}</v>` })) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('t', 't', 't xml:space="preserve"'), soundText).map(([tag, text]) => ({ type: ' t="inlineStr"', text: `<is><${tag}>${text}</t></is>` })) },
  { weight: 2, arbitrary: soundText.map((text) => ({ type: ' t="str"', text: `<f t="shared" si="0"/><v>${text}</v>` })) },
  { weight: 1, arbitrary: fc.constantFrom(['b', '1'], ['b', ' true '], ['b', '0'], ['e', '#N/A'], ['d', '2024-01-31'], ['d', ' 2024-01-31T00:00 ']).map(([type, text]) => ({ type: ` t="${type}"`, text: `<v>${text}</v>` })) },
);
const soundly = { style: fc.constantFrom('', '', ' s="0"', ' s="1"', ' s="2"', ' s="3"', ' s="9"'), odd: fc.constantFrom('', '', '', ' cm="1"'), place: fc.constantFrom('', '', '', 'none'), isEmpty: fc.integer({ min: 0, max: 30 }) };
/** Cells that fit the columns of the template, but for one at most. */
const fitting = fc.tuple(...TEMPLATE.map(({ kind }) => {
  const inline = (text: string): { type: string; text: string } => ({ type: ' t="inlineStr"', text: `<is><t>${text}</t></is>` });
  const shared = (index: number): { type: string; text: string } => ({ type: ' t="s"', text: `<v>${index}</v>` });
  const texts = fc.oneof(fc.constantFrom('CL-1', 'R 1', 'Ünï', 'A &amp; B', "O'Neil", 'e\u0301', 'a"b').map(inline), fc.constantFrom(0, 1, 2, 4, 7, 8, 9, 12).map(shared), fc.constantFrom('7', '-3', '12.0').map((text) => ({ type: '', text: `<v>${text}</v>` })));
  const fit = { date: fc.constantFrom(inline('2024-01-31'), shared(6), { type: '', text: '<v>45322</v>' }), term: fc.constantFrom(inline('Cash'), shared(3), inline('30 days')), amount: soundNumber.map((text) => ({ type: '', text: `<v>${text}</v>` })), identifier: texts, name: texts }[kind];
  return fc.record({ ...soundly, typed: fc.oneof({ weight: 60, arbitrary: fit }, { weight: 1, arbitrary: soundCell }), style: kind === 'amount' ? soundly.style : fc.constantFrom('', ' s="0"') });
}));
const soundRow = fc.record({
  cells: fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 1, arbitrary: fc.array(fc.record({ ...soundly, typed: soundCell }), { minLength: 1, maxLength: 8 }) }),
  skip: fc.constantFrom(1, 1, 2), more: fc.constantFrom('', ' spans="1:6"', ' hidden="1"', ' hidden="0" '), hasNumber: fc.constant(1), between: fc.constantFrom('', '\n', '<!-- <row> -->'), inside: fc.constantFrom('', '', ' '),
});

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(
    '0', '1', '3', '12', '45322', '42063.5', '12.50', '12.5', '-0', '-0.5', '007', '0.12345', '99999999999', '123456789012', '-1e3', '1E+05', '.5', '5.', ' 5 ', '+5',
    '2024-01-31', '31.01.2024', 'CL-1', 'R 1', ' R', 'R ', 'R  1', 'Cash', 'cash', '30 Days', 'a"b', 'a\\b', 'a+b', '#N/A', '#REF!', 'TRUE', '_x0041_', '_y', 'a]b', ']]', 'a>b', "O'Neil",
    'Ünï', 'Ærø', 'ȿ', 'Ɂ', 'e\u0301', 'É\u0301', 'Ü\u0308', '\u00a0', '\u00ad', '\u2003', '\u200b', '日本', '\ufb01', '😀', '\ufffd', '\u0085', '\n', '\t', '\r\n', '\u0001', '\u007f') },
  { weight: 3, arbitrary: fc.constantFrom('&amp;', 'A &amp; B', '&lt;b&gt;', '&quot;', '&apos;', '&#65;', '&#x1F600;', '&unknown;', '&amp', '<![CDATA[<&]]>', 'a<!-- </row> -->', '<?p </row> ?>', '<x>1</x>') },
  { weight: 3, arbitrary: fc.double({ min: -1e12, max: 1e12, noNaN: true }).map(String) },
  { weight: 3, arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((number) => String(number / 100)) },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '-', 'é', '\u0301', 'ß', '_', 'x', "'"), maxLength: 6 }) },
);
const content = fc.oneof(
  { weight: 4, arbitrary: value.map((text) => ({ tag: 'v', text: `<v>${text}</v>` })) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('t', 't xml:space="preserve"', 't a="1"', 't '), value).map(([tag, text]) => ({ tag: 'is', text: `<is><${tag}>${text}</t></is>` })) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('<f>A1+1</f>', '<f t="shared" si="0"/>', '<f t="shared" ref="A1:A&lt;2">A1&lt;3</f>', "<f t='x'>A1</f>"), value).map(([formula, text]) => ({ tag: 'v', text: `${formula}<v>${text}</v>` })) },
  { weight: 1, arbitrary: fc.constantFrom('', '<v/>', '<v></v>', '<is/>', '<is><t/></is>', '<is><t></t></is>', '<f>A1</f>', '<v>1</v><v>2</v>', '<v xml:space="preserve">1</v>', '<is><r><t>a</t></r></is>', ' <v>1</v>').map((text) => ({ tag: 'v', text })) },
);
/** Mostly a type that fits its content. */
const typed = fc.tuple(content, fc.constantFrom('', '', 's', 's', 'str', 'str', 'n', 'b', 'e', 'd'), fc.constantFrom(...'12345678'), fc.boolean())
  .map(([{ tag, text }, type, index, isIndex]) => {
    if (tag === 'is') return { type: ' t="inlineStr"', text };
    return { type: type === '' ? '' : ` t="${type}"`, text: type === 's' && isIndex ? `<v>${index}</v>` : text };
  });
const odd = fc.constantFrom('', '', '', '', '', ' t="other"', ' t=""', ' s="x"', ' cm="1"', ' cm="1" cm="1"', " a='1'", '  a="b" ', ' a="&amp;"', ' a="<"', '\n a="1"', ' x14ac:a="1"', ' constructor="1"', ' 1a="1"', ' a=""');
const cell = fc.record({ typed, style: fc.constantFrom('', '', '', ' s="0"', ' s="1"', ' s="2"', ' s="3"', ' s="9"', ' s="01"', ' s="4294967297"', ' s=""', ' s="1 "'), odd, place: fc.constantFrom('', '', '', '', '', '', 'none', 'A1', 'AAAA1', 'A', '1', 'a1', 'B01', 'AA1', 'A12'), isEmpty: fc.integer({ min: 0, max: 9 }) });
const row = fc.record({
  cells: fc.array(cell, { minLength: 1, maxLength: 8 }), skip: fc.constantFrom(1, 1, 1, 1, 2, 0),
  more: fc.constantFrom('', '', ' spans="1:6"', ' ht="15" x14ac:dyDescent="0.25"', ' hidden="1"', ' hidden="true"', ' hidden="0"', " ht='1'", ' spans="1" spans="1"', ' r="1"'),
  hasNumber: fc.integer({ min: 0, max: 9 }), between: fc.constantFrom('', '', '', '\n', ' ', '\r\n', '<!-- <row> -->', 'x'), inside: fc.constantFrom('', '', '', '\n  ', '<!-- -->'),
});

interface Row {
  readonly cells: readonly { readonly typed: { readonly type: string; readonly text: string }; readonly style: string; readonly odd: string; readonly place: string; readonly isEmpty: number }[];
  readonly skip: number;
  readonly more: string;
  readonly hasNumber: number;
  readonly between: string;
  readonly inside: string;
}

function sheetOf(rows: readonly Row[]): string {
  let number = 0;
  return rows.map(({ cells, skip, more, hasNumber, between, inside }) => {
    number += skip;
    const told = cells.map((one, column) => {
      const place = one.place === '' ? ` r="${String.fromCharCode(65 + column)}${number}"` : one.place === 'none' ? '' : ` r="${one.place}"`;
      const tag = `<c${place}${one.style}${one.typed.type}${one.odd}`;
      return one.isEmpty === 0 ? `${tag}/>` : `${tag}>${one.typed.text}</c>`;
    });
    return `<row${hasNumber === 0 ? '' : ` r="${number}"`}${more}>${told.join(inside)}${inside}</row>${between}`;
  }).join('');
}

const part = fc.tuple(fc.constantFrom('', '<!-- <sheetData> -->', '<cols a="<sheetData>"/>', '<cols/>'), fc.oneof({ weight: 3, arbitrary: fc.array(soundRow, { maxLength: 6 }) }, { weight: 1, arbitrary: fc.array(row, { maxLength: 2 }) }), fc.constantFrom('', '<x><row>b</row></x>', '<x><row>b</row><row r="99"><c r="A99"><v>1</v></c></row></x>', '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'))
  .map(([before, rows, behind]) => `<?xml version="1.0"?><worksheet>${before}<sheetData>${sheetOf(rows)}</sheetData>${behind}</worksheet>`);

/** Puts junk into a text, or takes a piece out, as often as there are edits. */
const edits = fc.array(fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 0, max: 6 }),
  junk: fc.constantFrom('', '<', '>', '&', '"', '</row>', '<row>', '<row', '\u0001', '<!DOCTYPE a>', ']]>', '/', ' ', '<!--'),
}), { maxLength: 2 });
const rarely = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edits });

function edited(text: string, all: readonly { at: number; cut: number; junk: string }[]): string {
  return all.reduce((now, { at, cut, junk }) => {
    const place = Math.floor(at * now.length);
    return now.slice(0, place) + junk + now.slice(place + cut);
  }, text);
}

function chunksOf(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** The second row gives up behind a value that is remembered; what is remembered must be no part of what is given up. */
const HALF_TAKEN = `<worksheet><sheetData>${[['2024-01-31', 'CL-1'], ['2024-01-31'], ['2024-01-31', 'CL-2']].map((texts, index) =>
  `<row>${[...texts, ...(index === 1 ? [] : ['R-1', 'Acme', '', 'Cash'])].map((text) => (text === '' ? '<c/>' : `<c t="inlineStr"><is><t>${text}</t></is></c>`)).join('')}</row>`).join('')}</sheetData></worksheet>`;

describe('plain rows', () => {
  test('and the strict reader together tell what it tells alone, sound or broken, however the bytes are cut', async () => {
    let [all, quickly] = [0, 0];
    await fc.assert(fc.asyncProperty(part, rarely, fc.integer({ min: 1, max: 2_000 }), async (sheet, changes, size) => {
      const chunks = chunksOf(edited(sheet, changes), size);
      const together = await told(chunks, true);
      expect(together.rows).toEqual((await told(chunks, false)).rows);
      all += together.rows.length;
      quickly += together.quickly;
    }), { numRuns: RUNS, examples: [[HALF_TAKEN, [], 2_000]] });
    // Were hardly any of them plain and sound, nothing would have been tested.
    expect(quickly / all).toBeGreaterThan(0.1);
  });

  test('refuses what is endless as the strict one does', async () => {
    const endless = ['<worksheet><sheetData><row>', '<c r="1', ...Array.from({ length: 12 }, () => 'a'.repeat(262_144))].map((text) => Buffer.from(text));
    expect((await told(endless, true)).rows).toEqual(['refused', 'hostile']);
  });
});

describe('plain shared texts', () => {
  const item = fc.tuple(fc.constantFrom('<t>', '<t>', '<t>', '<t xml:space="preserve">', "<t a='1'>"), value, fc.constantFrom('', '', '', '\n', '<!-- <si> -->', '<r><t>a</t></r>', '<phoneticPr/>'))
    .map(([tag, text, behind]) => `<si>${tag}${text}</t>${behind}</si>`);

  async function textsIn(chunks: readonly Buffer[], isPlain: boolean): Promise<unknown> {
    const strings = new SharedStrings(1_048_576);
    const reading = SharedStrings.handler('sst.xml', strings);
    try {
      for await (const _ of readXml('sst.xml', Readable.from(chunks), reading, isPlain ? new PlainTexts(strings) : undefined)) { /* they are taken */ }
    } catch (error) {
      if (!(error instanceof IngestError)) throw error;
      return error.code;
    }
    return Array.from({ length: strings.count }, (_, index) => [strings.at(index), strings.isClean(index)]);
  }

  test('and the strict reader together tell what it tells alone, sound or broken, however the bytes are cut', async () => {
    await fc.assert(fc.asyncProperty(fc.array(item, { maxLength: 8 }), rarely, fc.integer({ min: 1, max: 500 }), async (items, changes, size) => {
      const chunks = chunksOf(edited(`<?xml version="1.0"?><sst>${items.join('')}</sst>`, changes), size);
      expect(await textsIn(chunks, true)).toEqual(await textsIn(chunks, false));
    }), { numRuns: RUNS });
  });
});
