import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import * as XLSX from 'xlsx';
import { IngestError, type ErrorCode } from '../../../src/errors.js';
import { WorkbookReader } from '../../../src/workbook/reader.js';
import { bookOf, HEADINGS, zipOf, type Part } from '../../support/workbooks.js';
import { Folder, workbookBytes } from '../books.js';
import { settings } from '../support.js';
import { differences, promised, saidBy, sheetJs, strict } from './compare.js';
import { bytesMutations, partMutations, xmlMutations, zipMutations, type PartsMutation } from './mutate.js';
import { partsOf, soundWorkbooks } from './sound.js';
import type { Hand } from './xml.js';

/**
 * The readers against generated workbooks, sound and broken. `npm test` runs a fixed share of it, `npm run fuzz` as long
 * as SCD_FUZZ_SECONDS says, from a seed of its own that it prints; SCD_FUZZ_SEED runs one again.
 */
const SECONDS = Number(process.env['SCD_FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['SCD_FUZZ_SEED'] ?? (SECONDS > 0 ? Date.now() % 0x7fffffff : 20_241_128));
const PROPERTIES = 4;
const TIMEOUT_MS = SECONDS * 1_000 + 120_000;

let folder: Folder;
let reader: WorkbookReader;
beforeAll(async () => {
  folder = await Folder.make();
  reader = new WorkbookReader({ threads: 1, heapMiB: 512 });
});
afterAll(async () => {
  await reader.close();
  await folder.remove();
});

/** Tries a property a number of times, or for its share of the seconds; then says what it has seen. */
async function fuzz<T>(what: string, cases: fc.Arbitrary<T>, numRuns: number, holds: (value: T) => Promise<string>): Promise<void> {
  const seen: Record<string, number> = {};
  const begun = Date.now();
  const long = SECONDS > 0 ? { numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1_000 / PROPERTIES } : { numRuns };
  await fc.assert(fc.asyncProperty(cases, async (value) => {
    const outcome = await holds(value);
    seen[outcome] = (seen[outcome] ?? 0) + 1;
  }), { ...long, seed: SEED });
  const total = Object.values(seen).reduce((sum, count) => sum + count, 0);
  const counts = Object.entries(seen).map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  if (SECONDS > 0) process.stdout.write(`${what}: ${total} cases in ${Math.round((Date.now() - begun) / 1_000)} s (seed ${SEED}): ${counts}\n`);
}

const hands: fc.Arbitrary<Hand> = fc.record({
  quote: fc.constantFrom('"', '\''), prefix: fc.constantFrom('', 'x:'), spaced: fc.boolean(), asides: fc.boolean(), cdata: fc.boolean(),
  references: fc.boolean(), opensEmpty: fc.boolean(), encoding: fc.constantFrom('utf8', 'utf8-mark', 'utf16le', 'utf16be'),
});

const xlsx = async (parts: readonly Part[]): Promise<string> => folder.file('fuzzed.xlsx', zipOf(parts));

describe('a sound workbook', () => {
  test('is read as it was meant, and SheetJS reads the same', async () => fuzz('sound', soundWorkbooks, 100, async (workbook) => {
    const path = await xlsx(partsOf(workbook));
    const said = await saidBy(strict, path);
    expect(promised(said)).toEqual(promised(workbook));
    expect(differences(said, await saidBy(sheetJs, path))).toEqual([]);
    return 'read';
  }), TIMEOUT_MS);

  test('is read the same however its XML is written', async () => fuzz('written otherwise', fc.tuple(soundWorkbooks, hands), 100, async ([workbook, hand]) => {
    expect(promised(await saidBy(strict, await xlsx(partsOf(workbook, hand))))).toEqual(promised(workbook));
    return 'read';
  }), TIMEOUT_MS);
});

/** The reasons that lie in a file; any other is a fault of ours. */
const REFUSALS = new Set<ErrorCode>(['empty-file', 'wrong-kind', 'password-protected', 'too-large', 'zip-bomb', 'hostile', 'malformed', 'no-sheet', 'headings', 'no-rows']);

async function refusalOf<T>(reading: Promise<T>): Promise<T | IngestError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof IngestError && REFUSALS.has(error.code)) return error;
    throw error;
  }
}

/** Told by a parser of its own, whatever the readers use. */
function isWellFormed({ text }: Part): boolean {
  const parser = new SaxesParser();
  let isSound = true;
  parser.on('error', () => { isSound = false; });
  parser.write(text.toString()).close();
  return isSound;
}

describe('a workbook whose XML is broken', () => {
  const cases = fc.tuple(soundWorkbooks, fc.array(xmlMutations, { minLength: 1, maxLength: 3 }));

  test('is refused, or read as SheetJS reads it', async () => fuzz('XML broken', cases, 200, async ([workbook, mutations]) => {
    const parts = mutated(partsOf(workbook), mutations);
    const path = await xlsx(parts);
    const said = await refusalOf(saidBy(strict, path));
    if (said instanceof IngestError) return said.code;
    expect(parts.filter(({ name }) => /sheet\d|strings/iu.test(name)).every(isWellFormed)).toBe(true);
    const other = await saidBy(sheetJs, path).catch(() => undefined);
    if (other === undefined) return 'read, but not by SheetJS';
    expect(differences(said, other)).toEqual([]);
    return 'read';
  }), TIMEOUT_MS);
});

describe('a file of any kind that is broken', () => {
  const rows = [HEADINGS, ...Array.from({ length: 12 }, (_, row) => [45_322, 'CL-1', `R-${row}`, 'Ácme & "Sons"', row / 4, 'Cash'])];
  const sound = (['xlsx', 'xlsm', 'xlsb', 'ods', 'biff8', 'biff5', 'csv'] as const).map((kind) => ({ kind, bytes: kind === 'biff5' ? workbookBytes(kind, rows) : bookOf(rows, kind) }));
  const cases = fc.record({
    file: fc.constantFrom(...sound),
    onParts: fc.array(fc.oneof(xmlMutations, zipMutations, partMutations), { maxLength: 2 }),
    onBytes: fc.array(bytesMutations, { maxLength: 1 }),
  });

  test('is refused or read in its thread, which lives on', async () => fuzz('bytes broken', cases, 300, async ({ file, onParts, onBytes }) => {
    const isZip = file.bytes.subarray(0, 2).toString() === 'PK' && onParts.length > 0;
    const packed = isZip ? zipOf(mutated(unpacked(file.bytes), onParts)) : file.bytes;
    const path = await folder.file('fuzzed', onBytes.reduce((bytes, mutate) => mutate(bytes), packed));
    const outcome = await refusalOf(reader.read(path, settings({ stallSeconds: 10 }), async () => undefined));
    return outcome instanceof IngestError ? outcome.code : 'read';
  }), TIMEOUT_MS);

  test('was sound before', async () => {
    for (const { kind, bytes } of sound) {
      const repacked = kind === 'csv' || kind.startsWith('biff') ? bytes : zipOf(unpacked(bytes));
      expect([kind, (await reader.read(await folder.file('sound', repacked), settings(), async () => undefined)).rows]).toEqual([kind, 12]);
    }
  });
});

function mutated(parts: readonly Part[], mutations: readonly PartsMutation[]): readonly Part[] {
  return mutations.reduce((changed, mutate) => mutate(changed), parts);
}

/** The parts of a zip, by the part of SheetJS that reads them; its types leave it open. */
function unpacked(bytes: Buffer): Part[] {
  const { FullPaths, FileIndex } = (XLSX.CFB as { read(bytes: Buffer, options: object): { FullPaths: string[]; FileIndex: { content?: Uint8Array }[] } }).read(bytes, { type: 'buffer' });
  return FullPaths.flatMap((name, index) => (/\/$|Sh33tJ5$/u.test(name) ? [] : [{ name: name.replace(/^Root Entry\//u, ''), text: Buffer.from(FileIndex[index]!.content!) }]));
}
