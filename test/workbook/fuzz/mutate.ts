import fc from 'fast-check';
import type { Part } from '../../support/workbooks.js';

/** What goes wrong with workbooks, by accident and on purpose: in the XML of a part, in the zip, in the bytes. */

export type PartsMutation = (parts: readonly Part[]) => readonly Part[];
export type BytesMutation = (bytes: Buffer) => Buffer;

/** Where in something: a share of its length, so that it fits whatever the length is. */
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const at = (where: number, length: number): number => Math.floor(where * length);

const STRANGE_VALUES = ['', '-1', '0', '1.5', '1e3', '1e99', '99999999999', 'NaN', 'Infinity', '0x10', ' 1', '1 ', '١', 'A0', 'A1', 'XFE1', 'AAAA1', 'a1', '$A$1', '__proto__', 'constructor',
  '../../etc/passwd', 's', 'n', 'b', 'e', 'd', 'str', 'inlineStr', 'z', 'true', 'hidden', 'x'.repeat(40_000)];
const STRANGE_TEXTS = ['<!DOCTYPE x>', '<!DOCTYPE x [<!ENTITY a "b">]>', '&a;', '&#0;', '&#xD800;', '&#x110000;', '&amp', '<', '>', '&', '"', ']]>', '-->', '<![CDATA[', '<!--', '<?xml version="1.0"?>', '<?a', '\0', '\u0001', '\ufffe',
  '\ufeff', '<a>', '</a>', '<a/>', '<c/>', '<v>1</v>', '<row/>', '<row r="1048577"/>', '<c r="A1"><v>1</v></c>', '<c t="s"><v>0</v></c>', '<c t="s"><v>99999</v></c>', '<is><t>x</t></is>', '<t>x</t>', '<sheetData/>', ' ', '\n', '1', 'x:'];

/** A slice is taken out, doubled, or moved to elsewhere. */
const slices = fc.record({ from: share, length: fc.integer({ min: 1, max: 200 }), to: share, how: fc.constantFrom('drop', 'double', 'move') }).map(({ from, length, to, how }) => (text: string): string => {
  const start = at(from, text.length);
  const slice = text.slice(start, start + length);
  if (how === 'double') return text.slice(0, start) + slice + text.slice(start);
  const rest = text.slice(0, start) + text.slice(start + length);
  return how === 'drop' ? rest : rest.slice(0, at(to, rest.length)) + slice + rest.slice(at(to, rest.length));
});

/** Whole tags are taken out, doubled, exchanged, renamed: the XML may stay well-formed while the sense goes. */
const tags = fc.record({ one: share, other: share, how: fc.constantFrom('drop', 'double', 'exchange', 'rename'), name: fc.constantFrom('row', 'c', 'v', 'is', 't', 'si', 'f', 'sheetData', 'x') })
  .map(({ one, other, how, name }) => (text: string): string => {
    const found = text.match(/<[^<>]*>/gu) ?? [];
    const [first, second] = [at(one, found.length), at(other, found.length)];
    let index = -1;
    return text.replace(/<[^<>]*>/gu, (tag) => {
      index += 1;
      if (how === 'exchange') return index === first ? found[second]! : index === second ? found[first]! : tag;
      if (index !== first) return tag;
      return how === 'drop' ? '' : how === 'double' ? tag + tag : tag.replace(/^<(\/?)[^\s/>]+/u, `<$1${name}`);
    });
  });

/** An element with all that is in it is taken out or doubled. */
const elements = fc.record({ where: share, name: fc.constantFrom('row', 'c', 'v', 'is', 't', 'si', 'r', 'xf', 'numFmt', 'sheet', 'Relationship', 'sheetData', 'cellXfs'), how: fc.constantFrom('drop', 'double') })
  .map(({ where, name, how }) => (text: string): string => {
    const whole = new RegExp(`<${name}(?: [^<>]*)?/>|<${name}(?: [^<>]*)?>.*?</${name}>`, 'gsu');
    const chosen = at(where, text.match(whole)?.length ?? 0);
    let index = -1;
    return text.replace(whole, (found) => ((index += 1) !== chosen ? found : how === 'drop' ? '' : found + found));
  });

/** An attribute gets a strange value or goes. */
const attributes = fc.record({ where: share, value: fc.option(fc.constantFrom(...STRANGE_VALUES)) }).map(({ where, value }) => (text: string): string => {
  const chosen = at(where, text.match(/ [\w:]+="[^"]*"/gu)?.length ?? 0);
  let index = -1;
  return text.replace(/ ([\w:]+)="[^"]*"/gu, (found, name: string) => ((index += 1) !== chosen ? found : value === null ? '' : ` ${name}="${value}"`));
});

const values = fc.record({ where: share, value: fc.constantFrom(...STRANGE_VALUES) }).map(({ where, value }) => (text: string): string => {
  const chosen = at(where, text.match(/<v>[^<]*<\/v>/gu)?.length ?? 0);
  let index = -1;
  return text.replace(/<v>[^<]*<\/v>/gu, (found) => ((index += 1) === chosen ? `<v>${value}</v>` : found));
});

const insertions = fc.record({ where: share, what: fc.constantFrom(...STRANGE_TEXTS), behindTag: fc.boolean() }).map(({ where, what, behindTag }) => (text: string): string => {
  const place = at(where, text.length);
  const start = behindTag ? text.indexOf('>', place) + 1 : place;
  return text.slice(0, start) + what + text.slice(start);
});

const nesting = fc.record({ where: share, depth: fc.constantFrom(200, 300, 5_000), name: fc.constantFrom('a', 'c', 'is', 'r') }).map(({ where, depth, name }) => (text: string): string => {
  const start = text.indexOf('>', at(where, text.length)) + 1;
  return text.slice(0, start) + `<${name}>`.repeat(depth) + `</${name}>`.repeat(depth) + text.slice(start);
});

const textMutations = fc.oneof(
  { weight: 1, arbitrary: slices }, { weight: 3, arbitrary: tags }, { weight: 8, arbitrary: elements }, { weight: 8, arbitrary: attributes },
  { weight: 6, arbitrary: values }, { weight: 4, arbitrary: insertions }, { weight: 1, arbitrary: nesting },
);

/** The XML of one part is changed; mostly of a sheet's. */
export const xmlMutations: fc.Arbitrary<PartsMutation> = fc.record({ of: fc.constantFrom('sheet', 'sheet', 'sheet', 'strings', 'styles', 'any'), where: share, mutate: textMutations })
  .map(({ of, where, mutate }) => (parts) => {
    // The list of types is not read, save by SheetJS, which believes it.
    const all = parts.filter(({ name }) => name !== '[Content_Types].xml');
    const fitting = all.filter(({ name }) => name.toLowerCase().includes(of));
    const chosen = fitting.length === 0 ? all[at(where, all.length)] : fitting[at(where, fitting.length)];
    return parts.map((part) => (part === chosen ? { ...part, text: mutate(part.text.toString()) } : part));
  });

const STRANGE_NAMES = ['../evil.xml', '/etc/passwd', 'C:\\evil', 'xl\\workbook.xml', '__proto__', 'constructor', '', 'xl/worksheets/', 'a'.repeat(300), 'xl/\nx.xml', '\u202exl.xml', 'xl/worksheets/SHEET1.XML'];

/** Parts go, come twice, change places, or their headers lie. */
export const zipMutations: fc.Arbitrary<PartsMutation> = fc.record({
  one: share, other: share, how: fc.constantFrom('drop', 'double', 'exchange', 'rename', 'add', 'crc', 'size', 'encrypt', 'empty'), name: fc.constantFrom(...STRANGE_NAMES), number: fc.nat({ max: 0xffffffff }),
}).map(({ one, other, how, name, number }) => (parts) => {
  const [first, second] = [parts[at(one, parts.length)]!, parts[at(other, parts.length)]!];
  if (how === 'add') return [...parts, { name, text: 'x' }];
  return parts.flatMap((part) => {
    if (how === 'exchange') return [{ ...part, text: part === first ? second.text : part === second ? first.text : part.text }];
    if (part !== first) return [part];
    switch (how) {
      case 'drop': return [];
      case 'double': return [part, part];
      case 'rename': return [{ ...part, name }];
      case 'crc': return [{ ...part, crc: number }];
      case 'size': return [{ ...part, size: number }];
      case 'encrypt': return [{ ...part, flags: 1 }];
      case 'empty': return [{ ...part, text: '' }];
    }
  });
});

const written = (bytes: Buffer, start: number, what: Uint8Array): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(what.subarray(0, Math.max(0, copy.length - start)), start);
  return copy;
};

/** Bytes flip, go, come, or the end is missing. Numbers that headers are made of are written over others, too. */
export const bytesMutations: fc.Arbitrary<BytesMutation> = fc.oneof(
  fc.record({ where: share, bit: fc.nat({ max: 7 }) }).map(({ where, bit }) => (bytes: Buffer) => (bytes.length === 0 ? bytes : written(bytes, at(where, bytes.length), Uint8Array.of(bytes[at(where, bytes.length)]! ^ (1 << bit))))),
  fc.record({ where: share, what: fc.constantFrom([0], [255], [0, 0, 0, 0], [255, 255, 255, 255], [254, 255, 255, 255], [255, 255, 255, 127], [1, 0, 0, 0], [0, 0, 16, 0]) })
    .map(({ where, what }) => (bytes: Buffer) => written(bytes, at(where, bytes.length), Uint8Array.from(what))),
  share.map((where) => (bytes: Buffer) => bytes.subarray(0, at(where, bytes.length))),
  fc.record({ from: share, to: share }).map(({ from, to }) => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, at(from, bytes.length)), bytes.subarray(at(to, bytes.length))])),
  fc.record({ where: share, what: fc.uint8Array({ maxLength: 40 }) }).map(({ where, what }) => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, at(where, bytes.length)), what, bytes.subarray(at(where, bytes.length))])),
  // Structures repeat: a block of 512 bytes over another one makes cycles of a container's chains.
  fc.record({ from: share, to: share, size: fc.constantFrom(4, 64, 512) }).map(({ from, to, size }) => (bytes: Buffer) => {
    const start = Math.floor(at(from, bytes.length) / size) * size;
    return written(bytes, Math.floor(at(to, bytes.length) / size) * size, bytes.subarray(start, start + size));
  }),
);

/** The bytes of one part are changed before it is packed: the zip around it is sound. */
export const partMutations: fc.Arbitrary<PartsMutation> = fc.record({ where: share, mutate: bytesMutations }).map(({ where, mutate }) => (parts) => {
  const chosen = parts[at(where, parts.length)];
  return parts.map((part) => (part === chosen ? { ...part, text: mutate(Buffer.from(part.text as string)) } : part));
});
