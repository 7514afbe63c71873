import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkZip, hostile, Zip, type ZipLimits } from '../../../src/workbook/xlsx/zip.js';
import { zipOf, type Part } from '../../support/workbooks.js';
import { until } from '../../inbox/support.js';
import { Folder } from '../books.js';

const MIB = 1_048_576;
const LIMITS: ZipLimits = { inflatedMiB: 8, entryMiB: 2, entryRatio: 10, entries: 3 };

let folder: Folder;
beforeAll(async () => { folder = await Folder.make(); });
afterAll(async () => folder.remove());

const opened = async (bytes: Buffer, limits: Partial<ZipLimits> = {}): Promise<Zip> => Zip.open(await folder.file('a.zip', bytes), { ...LIMITS, ...limits });
const inflated = async (parts: readonly Part[], name: string, limits: Partial<ZipLimits> = {}): Promise<Buffer> => {
  const zip = await opened(zipOf(parts), limits);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.stream(name)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    zip.close();
  }
};
const refused = async (work: Promise<unknown>, code: string, message: RegExp | string): Promise<void> =>
  expect(work).rejects.toMatchObject({ name: 'IngestError', code, retryable: false, message: typeof message === 'string' ? message : expect.stringMatching(message) });
const a: Part = { name: 'a.xml', text: 'aaaa' };
const b: Part = { name: 'b.xml', text: 'bbbb' };
const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => { const copy = Buffer.from(bytes); change(copy); return copy; };
const entryAt = (bytes: Buffer): number => bytes.indexOf(Buffer.from('PK\x01\x02', 'latin1'));

describe('a zip', () => {
  test('gives its parts in the order of the directory, each with its bytes', async () => {
    const zip = await opened(zipOf([b, a]));
    expect(zip.names).toEqual(['b.xml', 'a.xml']);
    expect([zip.has('a.xml'), zip.has('c.xml')]).toEqual([true, false]);
    expect(zip.inflatedBytes).toBe(0);
    expect((await zip.bytes('a.xml')).toString()).toBe('aaaa');
    expect((await zip.bytes('b.xml')).toString()).toBe('bbbb');
    expect(zip.inflatedBytes).toBe(8);
    zip.close();
  });

  test('may hold parts that are not packed, empty ones, and large ones that are packed like texts are', async () => {
    const stored = changed(zipOf([{ ...a, packed: Buffer.from('aaaa') }]), (copy) => { copy.writeUInt16LE(0, 8); copy.writeUInt16LE(0, entryAt(copy) + 10); });
    expect((await (await opened(stored)).bytes('a.xml')).toString()).toBe('aaaa');
    expect(await inflated([{ name: 'a.xml', text: '' }], 'a.xml')).toHaveLength(0);
    const large = randomBytes(3 * MIB);
    expect((await inflated([{ name: 'a.xml', text: large }], 'a.xml')).equals(large)).toBe(true);
  });

  test('gives a large part in pieces that are worth a step each, never whole', async () => {
    const pieces: number[] = [];
    for await (const piece of await (await opened(zipOf([{ name: 'a.xml', text: Buffer.alloc(2 * MIB) }]))).stream('a.xml')) pieces.push((piece as Buffer).length);
    expect(Math.max(...pieces)).toBeGreaterThanOrEqual(MIB / 4);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(MIB / 2);
  });

  test('that is cut off or is none is refused as damaged, with what is known of it', async () => {
    for (const length of [0, 10, 60, zipOf([a]).length - 1]) await refused(opened(zipOf([a]).subarray(0, length)), 'malformed', /^the zip is damaged or cut off \(.+\); save the workbook again and drop that$/u);
    const error = await opened(Buffer.from('no zip')).catch((thrown: unknown) => thrown);
    expect((error as Error).cause).toBeInstanceOf(Error);
  });

  test('whose part is damaged is refused with the name of the part, be it in its header or in its bytes', async () => {
    const noHeader = changed(zipOf([a]), (copy) => copy.fill(0, 0, 4));
    await refused((await opened(noHeader)).stream('a.xml'), 'malformed', /^part a\.xml: the zip is damaged or cut off/u);
    await refused(inflated([{ ...a, packed: Buffer.from([255, 255, 255, 255]) }], 'a.xml'), 'malformed', /^part a\.xml: the zip is damaged or cut off \(.+\); save/u);
    await refused(inflated([{ ...a, packed: zipOf([a]).subarray(35, 37) }], 'a.xml'), 'malformed', /^part a\.xml: /u);
  });
});

const DESCRIPTORS = '/proc/self/fd';

(existsSync(DESCRIPTORS) ? describe : describe.skip)('the file of a zip', () => {
  const pathOf = async (bytes: Buffer): Promise<string> => folder.file('held.zip', bytes);
  const descriptors = (path: string): number => {
    const { ino } = statSync(path);
    return readdirSync(DESCRIPTORS).filter((name) => statSync(join(DESCRIPTORS, name), { throwIfNoEntry: false })?.ino === ino).length;
  };
  const isLetGo = async (path: string): Promise<void> => until(() => descriptors(path) === 0);
  const large: Part = { name: 'a.xml', text: randomBytes(MIB + 1) };

  test('of up to 1 MiB is read at once and not held open; a larger one is not taken into memory', async () => {
    const around = Buffer.byteLength(zipOf([{ name: 'a', text: '', packed: Buffer.alloc(0) }]));
    const held: number[] = [];
    for (const bytes of [around, MIB, MIB + 1]) {
      const path = await pathOf(zipOf([{ name: 'a', text: '', packed: Buffer.alloc(bytes - around) }]));
      const zip = await Zip.open(path, LIMITS);
      held.push(descriptors(path));
      zip.close();
      await isLetGo(path);
    }
    expect(held).toEqual([0, 0, 1]);
  });

  test('is let go of in the middle of a part, too', async () => {
    const path = await pathOf(zipOf([large]));
    const zip = await Zip.open(path, LIMITS);
    for await (const _ of await zip.stream('a.xml')) break;
    zip.close();
    await isLetGo(path);
  });

  test('is let go of where the zip is refused, be it when it is opened or when it is checked', async () => {
    const path = await pathOf(zipOf([large, a]));
    await refused(Zip.open(path, LIMITS), 'hostile', 'part a.xml: is there twice; save the workbook again and drop that');
    await isLetGo(path);
    await pathOf(zipOf([{ ...large, crc: 1 }, b]));
    await refused(checkZip(path, LIMITS), 'malformed', /^part a\.xml: its checksum/u);
    await isLetGo(path);
  });
});

describe('the claims of a zip are held against what is there:', () => {
  test('the checksum', async () => refused(inflated([{ ...a, crc: 1 }], 'a.xml'), 'malformed', 'part a.xml: its checksum does not match its bytes; save the workbook again and drop that'));

  test('the size, where there is more and where there is less', async () => {
    await refused(inflated([{ ...a, size: 3 }], 'a.xml'), 'malformed', /^part a\.xml: has 4 bytes or more where its header says 3;/u);
    await refused(inflated([{ ...a, size: 5 }], 'a.xml'), 'malformed', /^part a\.xml: has 4 bytes or more where its header says 5;/u);
    const large = await opened(zipOf([{ name: 'a.xml', text: randomBytes(MIB), size: 1_000 }]));
    const stream = await large.stream('a.xml');
    await refused((async () => { for await (const _ of stream); })(), 'malformed', /header says 1000/u);
    expect(large.inflatedBytes).toBeLessThan(MIB / 2);
  });

  test('a size past a limit and past so many times the packed size is a bomb at once; either alone is none', async () => {
    await refused(opened(zipOf([{ name: 'a.xml', text: Buffer.alloc(2 * MIB + 1) }])), 'zip-bomb', 'part a.xml: inflates past 2 MiB and 10 times its packed size: a zip bomb');
    for (const part of [{ name: 'a.xml', text: Buffer.alloc(2 * MIB) }, { name: 'a.xml', text: randomBytes(2 * MIB + 1) }]) (await opened(zipOf([part]))).close();
    const exactly = zipOf([{ name: 'a.xml', text: '', packed: randomBytes(300_000), size: 3_000_000 }]);
    (await opened(exactly)).close();
    await refused(opened(zipOf([{ name: 'a.xml', text: '', packed: randomBytes(300_000), size: 3_000_001 }])), 'zip-bomb', /bomb/u);
  });

  test('a part that is held in memory can be asked for more', async () => {
    const zip = await opened(zipOf([{ name: 'a.xml', text: Buffer.alloc(MIB + 1) }, { name: 'b.xml', text: randomBytes(MIB + 1) }]));
    expect(() => zip.refuseDense('a.xml', 1, 5)).toThrow('part a.xml: inflates past 1 MiB and 5 times its packed size: a zip bomb');
    zip.refuseDense('a.xml', 2, 5);
    zip.refuseDense('b.xml', 1, 5);
    await refused(zip.bytes('a.xml'), 'hostile', 'part a.xml: has more than 1 MiB, which it never needs; save the workbook again and drop that');
    zip.close();
    expect(await (await opened(zipOf([{ name: 'a.xml', text: randomBytes(MIB) }]))).bytes('a.xml')).toHaveLength(MIB);
  });

  test('all sizes together', async () => {
    const part = (name: string): Part => ({ name, text: randomBytes(MIB) });
    (await opened(zipOf([part('a'), part('b')]), { inflatedMiB: 2 })).close();
    await refused(opened(zipOf([part('a'), part('b'), { name: 'c', text: 'c' }]), { inflatedMiB: 2 }), 'too-large', 'inflates past the 2 MiB allowed; split it into several workbooks');
  });

  test('parts that are read over and over, four times in all', async () => {
    const zip = await opened(zipOf([{ name: 'a', text: randomBytes(MIB) }]), { inflatedMiB: 1 });
    for (let reading = 0; reading < 4; reading += 1) await zip.bytes('a');
    await refused(zip.bytes('a'), 'too-large', /inflates past the 1 MiB allowed/u);
    zip.close();
  });

  test('the number of parts', async () => {
    const parts = ['a', 'b', 'c', 'd'].map((name) => ({ name, text: name }));
    (await opened(zipOf(parts.slice(1)))).close();
    await refused(opened(zipOf(parts)), 'hostile', 'has 4 parts, more than the 3 allowed');
  });

  test('a part that is there twice, encrypted, or packed in another way', async () => {
    await refused(opened(zipOf([a, a])), 'hostile', 'part a.xml: is there twice; save the workbook again and drop that');
    await refused(opened(zipOf([{ ...a, flags: 1 }])), 'password-protected', 'part a.xml is encrypted: save the workbook without a password');
    (await opened(zipOf([{ ...a, flags: 2 }]))).close();
    await refused(opened(changed(zipOf([a]), (copy) => copy.writeUInt16LE(12, entryAt(copy) + 10))), 'malformed', /^part a\.xml: is packed by method 12, which workbooks do not use;/u);
  });

  test('names that lead out of the zip, or are long', async () => {
    for (const [name, told] of [['../a', /\.\.\/a/u], ['/a', /absolute path: \/a/u], ['xl\\a.xml', /xl\\a\.xml/u]] as const) await refused(opened(zipOf([{ ...a, name }])), 'malformed', told);
    (await opened(zipOf([{ ...a, name: 'n'.repeat(4_096) }]))).close();
    await refused(opened(zipOf([{ ...a, name: 'n'.repeat(4_097) }])), 'hostile', `part ${'n'.repeat(40)}…: its name and what is noted of it are longer than 4096 bytes`);
    const noted = (extra: number, comment: number): Buffer => {
      const bytes = changed(zipOf([a]), (copy) => { copy.writeUInt16LE(extra, entryAt(copy) + 30); copy.writeUInt16LE(comment, entryAt(copy) + 32); copy.writeUInt32LE(copy.readUInt32LE(copy.length - 10) + extra + comment, copy.length - 10); });
      const extraField = Buffer.alloc(extra);
      if (extra >= 4) extraField.writeUInt16LE(extra - 4, 2);
      return Buffer.concat([bytes.subarray(0, -22), extraField, Buffer.alloc(comment), bytes.subarray(-22)]);
    };
    (await opened(noted(2_000, 2_000))).close();
    await refused(opened(noted(2_100, 2_000)), 'hostile', /part a\.xml…: its name/u);
    await refused(opened(noted(0, 4_092)), 'hostile', /part a\.xml…: its name/u);
  });

  test('parts that share bytes, in whatever order; neighbours do not', async () => {
    await refused(opened(zipOf([a, { ...b, overlaps: true }])), 'hostile', /^parts (a|b)\.xml and (a|b)\.xml overlap$/u);
    const swapped = (shift: number): Buffer => changed(zipOf([a, b]), (copy) => {
      const [first, second] = [entryAt(copy), copy.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'))];
      copy.writeUInt32LE(copy.readUInt32LE(second + 42) - shift, first + 42);
      copy.writeUInt32LE(0, second + 42);
    });
    (await opened(swapped(0))).close();
    await refused(opened(swapped(1)), 'hostile', 'parts b.xml and a.xml overlap');
  });
});

describe('a zip for readers that do not look themselves', () => {
  const checked = async (parts: readonly Part[]): Promise<number> => checkZip(await folder.file('a.zip', zipOf(parts)), LIMITS);

  test('is inflated whole', async () => {
    expect(await checked([a, b])).toBe(8);
    await refused(checked([a, { ...b, crc: 1 }]), 'malformed', /^part b\.xml: its checksum/u);
  });

  test('is refused where any XML in it declares a document type or entities, also in UTF-16 and between two chunks', async () => {
    const what = (name: string): string => `part ${name}: declares a document type or entities, which no workbook needs`;
    for (const name of ['a.xml', 'a.rels', 'a.vml', 'A.XML']) await refused(checked([{ name, text: '<a/><!doctype x>' }]), 'hostile', what(name));
    await refused(checked([{ ...a, text: '<!ENTITY x "y">' }]), 'hostile', what('a.xml'));
    await refused(checked([{ ...a, text: Buffer.from('\ufeff<!DOCTYPE x>', 'utf16le') }]), 'hostile', what('a.xml'));
    for (let cut = 1; cut < 10; cut += 1) await refused(checked([{ ...a, text: `${'x'.repeat(262_144 - cut)}<!DOCTYPE x>` }]), 'hostile', what('a.xml'));
    expect(await checked([{ name: 'a.bin', text: '<!DOCTYPE x>' }, { name: 'a.xml.png', text: '<!DOCTYPE x>' }, { name: 'b.xml', text: '<DOCTYPE x> <! DOCTYPE>' }])).toBe(47);
  });
});

test('the refusal of a part that is made to do harm names it and says what to do', () => {
  expect(hostile('a.xml', 'row 2 comes behind row 3')).toMatchObject({ code: 'hostile', message: 'part a.xml: row 2 comes behind row 3; save the workbook again and drop that' });
});
