import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IngestError } from '../../../src/errors.js';
import { HEADING_ROW, readBytes, xlsxParts, zipOf } from '../../support/workbooks.js';

/** Cells that are taken whole beside the same ones that are told tag by tag: where a row holds a comment, all of it is. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 40) * 10;
const STRINGS = ['CL-1', ' A ', 'Acme &amp; Co', ''].map((text) => `<si><t xml:space="preserve">${text}</t></si>`).join('');

const address = fc.tuple(fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F', 'G', 'AAAA', ''), fc.constantFrom('2', '2', '2', '02', '3', ''))
  .map(([column, row]) => (column + row === '' ? '' : ` r="${column}${row}"`));
const style = fc.constantFrom('', '', ' s="0"', ' s="1"', ' s="9"', ' s="x"', ' s=""');
const type = fc.constantFrom('', '', ' t="n"', ' t="s"', ' t="str"', ' t="inlineStr"', ' t="b"', ' t="e"', ' t="d"', ' t="other"', ' t=""');
const text = fc.constantFrom('', ' ', '0', '1', '3', '45322', '12.50', '-1e3', '2024-01-31', 'CL-1', 'Ünï', '_x0041_', 'a]b', 'a>b', '&amp;', '&#65;', '😀', '\u0085', '\n', '<!-- -->', 'TRUE', '#N/A');
const content = fc.oneof(
  fc.tuple(fc.constantFrom('v', 'v', 'v xml:space="preserve"'), text).map(([tag, value]) => `<${tag}>${value}</v>`),
  fc.tuple(fc.constantFrom('t', 't xml:space="preserve"', 't a="1"'), text).map(([tag, value]) => `<is><${tag}>${value}</t></is>`),
  fc.constantFrom('', '<v/>', '<is/>', '<is><t/></is>', '<f>A1</f>', '<f>A1</f><v>5</v>', '<v>1</v><v>2</v>', '<is><t>a</t><t>b</t></is>', '<is><r><t>a</t></r></is>'),
);
const cell = fc.tuple(address, style, type, fc.option(content, { freq: 8, nil: undefined })).map(([place, format, kind, inner]) =>
  (inner === undefined ? `<c${place}${format}${kind}/>` : `<c${place}${format}${kind}>${inner}</c>`));
/** Sound in its other columns, so that what the cell says can be seen. */
const row = fc.tuple(fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F'), style, type, content, fc.array(cell, { maxLength: 1 }), fc.boolean())
  .map(([column, format, kind, inner, more, isLast]) => {
    const cells = [['A', '2024-01-31'], ['B', 'CL-1'], ['C', 'R-1'], ['D', 'Acme'], ['E', '5'], ['F', 'Cash']].map(([name, value]) =>
      (name === column ? `<c r="${name}2"${format}${kind}>${inner}</c>` : `<c r="${name!}2" t="${name === 'E' ? 'n' : 'str'}"><v>${value!}</v></c>`));
    return isLast ? [...cells, ...more].join('') : [...more, ...cells].join('');
  });

async function told(cells: string): Promise<unknown> {
  try {
    return await readBytes(zipOf(xlsxParts(`${HEADING_ROW}<row r="2">${cells}</row>`, { strings: STRINGS, styles: '<cellXfs><xf/><xf numFmtId="14"/></cellXfs>' })));
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return [error.code, error.message];
  }
}

describe('a cell that is taken whole', () => {
  test('says what its tags and its text say one by one, or is refused for the same reason', async () => {
    await fc.assert(fc.asyncProperty(row, async (cells) => {
      expect(await told(cells)).toEqual(await told(`<!-- -->${cells}`));
    }), { numRuns: RUNS });
  });

  test('is one that is written as it is nearly always', async () => {
    const sound = (inner: string): string => `<c r="A2" t="str"><v>2024-01-31</v></c>${inner}<c r="C2" t="str"><v>R-1</v></c><c r="D2" t="str"><v>Acme</v></c><c r="E2"><v>5</v></c><c r="F2" t="str"><v>Cash</v></c>`;
    for (const account of ['<c r="B2" t="s"><v>0</v></c>', '<c r="B2" s="1" t="inlineStr"><is><t>CL-1</t></is></c>', '<c r="B2" t="inlineStr"><is><t xml:space="preserve">CL-1</t></is></c>']) {
      expect(await told(sound(account))).toMatchObject({ rows: [expect.arrayContaining(['2024-01-31', 'CL-1', 'R-1', 'Acme', 'Cash'])] });
    }
  });
});
