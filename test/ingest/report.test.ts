import { afterAll, describe, expect, test } from '@jest/globals';
import * as XLSX from 'xlsx';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import type { Settings } from '../../src/config/settings.js';
import { ENGINES, type Engine } from '../support/engines.js';
import { Pass } from '../support/pass.js';

const passes: Pass[] = [];
afterAll(async () => Promise.all(passes.map(async (pass) => pass.close())));

async function create(changes: Partial<Settings>, engine: Engine): Promise<Pass> {
  const pass = await Pass.create(changes, engine);
  passes.push(pass);
  return pass;
}

const HEADINGS = ['Effective Date', 'Client Account', 'External Reference', 'Company Name', 'Amount', 'Term'];
const GOOD = ['2022-01-28', 'CL-1', 'A1', 'Acme', 1, 'Cash'];
const BAD = ['2022-01-28', 'CL-1', 'A2', 'Bolt', 'n/a', 'Cash'];

function workbook(...rows: readonly (readonly unknown[])[]): Buffer {
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([HEADINGS, ...rows.map((row) => [...row])]), 'Sheet1');
  return XLSX.write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
}

async function answerOf(pass: Pass): Promise<{ name: string; rows: unknown[][]; bytes: Buffer }> {
  const name = (await pass.archived()).find((file) => file.endsWith('.errors.xlsx'))!;
  const bytes = await pass.readArchived(name);
  const book = XLSX.read(bytes);
  return { name, bytes, rows: XLSX.utils.sheet_to_json(book.Sheets[book.SheetNames[0]!]!, { header: 1 }) };
}

/** The answer with a cell mended, as its reader would do it. */
function mended(bytes: Buffer, address: string, value: number): Buffer {
  const book = XLSX.read(bytes, { cellNF: true });
  book.Sheets[book.SheetNames[0]!]![address] = { t: 'n', v: value };
  return XLSX.write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
}

describe.each(ENGINES)('the answer to a processed file with failed rows on $name', (engine) => {
  test('holds the failed rows only; mended and dropped again it loads what was missing, and nothing twice', async () => {
    const pass = await create({ maxFailureRatio: 1 }, engine);
    const batch = await pass.take('a.xlsx', workbook(GOOD, BAD));
    expect([batch.batch_status, batch.success_count, batch.failure_count]).toEqual(['Complete', 1, 1]);
    const answer = await answerOf(pass);
    expect(answer.name).toMatch(/^processed\/.*\/a\.errors\.xlsx$/u);
    expect(answer.rows).toHaveLength(2);
    expect(answer.rows[1]!.slice(1, 6)).toEqual(['CL-1', 'A2', 'Bolt', 'n/a', 'Cash']);
    expect(answer.rows[1]).toEqual(expect.arrayContaining([3, expect.stringContaining('Amount: expected a number, found "n/a"; row not loaded')]));
    const second = await pass.take('a-mended.xlsx', mended(answer.bytes, 'E2', 7));
    expect([second.batch_status, second.success_count, second.failure_count, second.zeroed_count]).toEqual(['Complete', 1, 0, 0]);
    expect(await pass.rows('select external_reference, amount, from_date, to_date from master_record where not is_deleted order by 1')).toEqual([
      { external_reference: 'A1', amount: 1, from_date: '2022-01-28', to_date: null },
      { external_reference: 'A2', amount: 7, from_date: '2022-01-28', to_date: null },
    ]);
  });
});

describe.each(ENGINES)('the answer to a rejected file on $name', (engine) => {
  test('holds all rows with the failed ones marked; mended and dropped again everything loads', async () => {
    const pass = await create({}, engine);
    const batch = await pass.take('b.xlsx', workbook(GOOD, BAD));
    expect([batch.batch_status, batch.error]).toEqual(['Error', 'too many failed rows: 1 of 2, more than 20 % allowed; nothing was loaded']);
    const answer = await answerOf(pass);
    expect(answer.rows.slice(1).map((row) => row[7])).toEqual(['not loaded', 'failed']);
    const second = await pass.take('b-mended.xlsx', mended(answer.bytes, 'E3', 7));
    expect([second.batch_status, second.success_count]).toEqual(['Complete', 2]);
  });

  test('of more than 50,000 rows holds the failed ones only, and a note says to mend the file itself', async () => {
    const pass = await create({}, engine);
    const bad = Array.from({ length: 12_000 }, (_, index) => `2022-01-28,CL-1,B${index},Bolt,n/a,Cash`);
    const good = Array.from({ length: 39_000 }, (_, index) => `2022-01-28,CL-1,G${index},Acme,1,Cash`);
    const batch = await pass.take('large.csv', [HEADINGS.join(','), ...good, ...bad].join('\n'));
    expect([batch.batch_status, batch.total_count, batch.failure_count]).toEqual(['Error', 51_000, 12_000]);
    expect(await pass.archived()).toEqual(['rejected/large.csv', 'rejected/large.csv.txt', 'rejected/large.errors.xlsx']);
    const { rows } = await answerOf(pass);
    expect([rows.length - 1, rows[1]![6]]).toEqual([12_000, 39_002]);
    expect((await pass.readArchived('rejected/large.csv.txt')).toString()).toContain('Mend them in the file itself and drop that.');
  });

  test('is a short text where no rows were read', async () => {
    const pass = await create({}, engine);
    const batch = await pass.take('page.xlsx', '<html><body>Please sign in</body></html>');
    expect([batch.batch_status, batch.total_count]).toEqual(['Error', 0]);
    expect(await pass.archived()).toEqual(['rejected/page.xlsx', 'rejected/page.xlsx.txt']);
    expect((await pass.readArchived('rejected/page.xlsx.txt')).toString()).toContain('is an HTML page, not a workbook');
  });

  test('names the batch that a duplicate repeats', async () => {
    const pass = await create({}, engine);
    const january = sampleWorkbook(SAMPLES[0]!.date, SAMPLES[0]!.lines);
    await pass.take('one.xlsx', january);
    const copy = await pass.take('two.xlsx', january);
    expect([copy.batch_status, copy.duplicate_of]).toEqual(['Duplicate', 1]);
    expect((await pass.readArchived('rejected/two.xlsx.txt')).toString()).toContain('the same content as batch 1 (one.xlsx)');
    expect(pass.lines.filter((line) => line.startsWith('batch 2'))).toEqual([expect.stringMatching(/^batch 2 duplicate {2}two\.xlsx {2}the same content as batch 1/u)]);
  });

  test('is overwritten by nothing: a file of the same name gets a name of its own', async () => {
    const pass = await create({}, engine);
    await pass.take('same.xlsx', workbook(BAD));
    await pass.take('same.xlsx', workbook(BAD, BAD));
    expect(await pass.archived()).toEqual(expect.arrayContaining(['rejected/same.xlsx', 'rejected/same (batch 2).xlsx']));
    expect((await pass.archived()).filter((name) => name.endsWith('.errors.xlsx'))).toHaveLength(2);
  });
});
