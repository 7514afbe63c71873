import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IngestError } from '../../../src/errors.js';
import { readXml, type Units } from '../../../src/workbook/xlsx/xml.js';

/** The quick reader beside the strict one: whatever is in a part, together they say what the strict one says alone. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 40) * 25;
const UNITS: Units = { unit: 'row', within: 'sheetData' };

type Event = readonly unknown[];

/** What is told of a part, texts that follow each other as one; the refusal is the last. */
async function told(chunks: readonly Buffer[], units?: Units): Promise<Event[]> {
  const events: Event[] = [];
  try {
    for await (const _ of readXml('sheet1.xml', Readable.from(chunks), {
      open: (name, attributes) => events.push(['open', name, { ...attributes }]),
      close: (name) => events.push(['close', name]),
      text: (text) => {
        const last = events[events.length - 1];
        if (last?.[0] === 'text') events.pop();
        events.push(['text', `${last?.[0] === 'text' ? String(last[1]) : ''}${text}`]);
      },
    }, units)) { /* all is told by events */ }
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    // A broken part is refused all the same; how much was told of it by then may differ.
    return [['refused', error.code]];
  }
  return events;
}

const texts = fc.constantFrom('a', ' ', '\n', '12.5', 'Ünï', '&amp;', '&lt;b&gt;', '&#65;', '&#x1F600;', '😀', ']]', '>', "'", '"', '\r\n', '\u0085', '\ufffd', '<![CDATA[<&]]>', '<!-- </row> -->', '<?p </row> ?>');
const attributes = fc.constantFrom('', ' r="A1"', ' t="s" s="2"', " r='1'", ' xml:space="preserve"', '  a="b" ', ' a="&amp;"', ' a=">"', ' a="</row>"', '\n a="1"', ' a = "1"', ' constructor="1"');
const names = fc.constantFrom('c', 'v', 'is', 't', 'row', 'x:row', 'rPh');

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc.tuple(names, attributes, tie('content'), fc.boolean()).map(([name, more, content, isEmpty]) =>
    (isEmpty ? `<${name}${more}/>` : `<${name}${more}>${content}</${name}>`)),
  content: fc.array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, texts, tie('element')), { maxLength: 4 }).map((pieces) => pieces.join('')),
}));
const rows = fc.array(fc.tuple(attributes, fc.array(element, { maxLength: 4 }), fc.constantFrom('', ' ', '\n', '<!-- <row> -->')), { maxLength: 5 })
  .map((all) => all.map(([more, cells, behind]) => `<row${more}>${cells.join('')}</row>${behind}`).join(''));
const parts = fc.tuple(fc.constantFrom('', '<!-- <sheetData> -->', '<cols a="<sheetData>"/>', '<cols/>'), attributes, rows, fc.constantFrom('', '<x><row>b</row></x>', '<mergeCells/>'))
  .map(([before, more, data, behind]) => `<?xml version="1.0"?><worksheet>${before}<sheetData${more}>${data}</sheetData>${behind}</worksheet>`);

/** Puts junk into a text, or takes a piece out, as often as there are edits. */
const edits = fc.array(fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.integer({ min: 0, max: 6 }),
  junk: fc.constantFrom('', '<', '>', '&', '"', '</row>', '<row>', '<row', '\u0001', '<!DOCTYPE a>', ']]>', '/', ' ', '<!--'),
}), { maxLength: 2 });

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

describe('the quick reader of plain XML', () => {
  test('and the strict one together tell what the strict one tells alone, sound or broken, however the bytes are cut', async () => {
    await fc.assert(fc.asyncProperty(parts, edits, fc.integer({ min: 1, max: 400 }), async (part, changes, size) => {
      const text = edited(part, changes);
      expect(await told(chunksOf(text, size), UNITS)).toEqual(await told(chunksOf(text, size)));
    }), { numRuns: RUNS });
  });

  test('refuses what is endless as the strict one does', async () => {
    const endless = ['<worksheet><sheetData><row>', '<c r="1', 'a'.repeat(3_000_000)].map((text) => Buffer.from(text));
    expect(await told(endless, UNITS)).toEqual([['refused', 'hostile']]);
  });
});
