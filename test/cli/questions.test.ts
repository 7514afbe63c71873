import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as XLSX from 'xlsx';
import { Program } from '../support/program.js';
import { bookOf, HEADINGS } from '../support/workbooks.js';

/** What people ask of the history, by the real program on a real database. */

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/u;
let program: Program;

beforeAll(async () => {
  program = await Program.create();
  await mkdir(program.inbox);
  await take('january.xlsx', '2024-01-31', [['a', '=Acme', -10.5, 'Cash'], ['b', 'Bolt, "Sons"', 1234567.8901, '30 Days']]);
  await take('february.xlsx', '2024-02-29', [['a', '=Acme', 12, 'Cash']]);
  await take('june.xlsx', '2024-06-30', [['a', '=Acme', 12, 'Cash'], ['c', 'Core', null, 'N/A']]);
}, 60_000);
afterAll(async () => program.close());

async function take(name: string, date: string, rows: (string | number | null)[][]): Promise<void> {
  const [, year, month, day] = DAY.exec(date)!;
  const lines = rows.map(([reference, company, amount, term]) => [new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))), 'CL-1', reference, company, amount, term]);
  await writeFile(join(program.folder, name), bookOf([HEADINGS, ...lines]));
  const { code, err } = await program.run(['process', name]);
  expect([code, err]).toEqual([0, '']);
}

describe('as-of', () => {
  test('shows the value of every item, a missing one as missing and a silent one as unknown', async () => {
    expect((await program.run(['as-of', '2024-03-15'])).out.split('\n')).toEqual([
      'Effective Date  Client Account  External Reference  Company Name  Amount  Term     Status   From        To          Batch',
      '2024-03-15      CL-1            a                   =Acme             12  Cash     known    2024-02-29  2024-03-31      2',
      '2024-03-15      CL-1            b                   Bolt, "Sons"       0  30 Days  missing  2024-02-29  2024-03-31      2',
      '',
    ]);
    const silent = JSON.parse((await program.run(['as-of', '2024-04-01', 'CL-1', 'a', '--json'])).out) as object[];
    expect(silent).toEqual([{
      effective_date: '2024-04-01', client_account: 'CL-1', external_reference: 'a', company_name: '=Acme', amount: null, term: 'N/A',
      status: 'unknown', from_date: '2024-03-31', to_date: '2024-06-30', batch_id: 3,
    }]);
  });

  test('says so where no item had a value, and refuses what is unknown or no date with status 2', async () => {
    expect(await program.run(['as-of', '2023-12-31'])).toEqual({ code: 0, out: 'no item had a value then\n', err: '' });
    expect((await program.run(['as-of', '2023-12-31', '--json'])).out).toBe('[]\n');
    const refusals: [string[], string][] = [
      [['as-of', '2024-02-30'], 'date: expected a date that exists, such as 2024-02-29, found "2024-02-30"'],
      [['as-of', '2024-03-15', 'CL-404'], 'nothing is known of account "CL-404"'],
      [['as-of', '2024-03-15', 'CL-1', 'z'], 'nothing is known of item "z" of account "CL-1"'],
      [['as-of', '2024-03-15', '--known-at', '2023-02-29T10:00Z'], '--known-at: expected a date that exists, such as 2024-02-29, found "2023-02-29"'],
    ];
    for (const [args, message] of refusals) expect(await program.run(args)).toEqual({ code: 2, out: '', err: `scd-inbox: ${message}\n` });
    expect((await program.run(['as-of', '2024-03-15', '--known-at', '2999-01-01T00:00Z'])).err).toMatch(/lies in the future: expected a time up to now/u);
  });

  test('with --known-at answers as it would have been answered then', async () => {
    const [second] = await program.rows<{ applied_at: string }>('select applied_at from batch_account where batch_id = 2');
    const before = new Date(Date.parse(second!.applied_at) - 1).toISOString();
    const amounts = async (at: string): Promise<unknown> =>
      (JSON.parse((await program.run(['as-of', '2024-07-01', '--json', '--known-at', at])).out) as { amount: number }[]).map(({ amount }) => amount);
    expect(await amounts(before)).toEqual([-10.5, 1234567.8901]);
    expect(await amounts(second!.applied_at)).toEqual([12, 0]);
    expect((await program.run(['history', 'CL-1', 'b', '--known-at', before])).out).toBe('CL-1 / b  Bolt, "Sons"\n  2024-01-31 ──▶              1234567.8901  30 Days\n');
  });
});

describe('explain', () => {
  test('draws the chain with the reasons of each version', async () => {
    expect((await program.run(['explain', 'CL-1', 'b'])).out.split('\n')).toEqual([
      'CL-1 / b  Bolt, "Sons"',
      '  2024-01-31 ── 2024-02-29    1234567.8901  30 Days',
      '      rule 1: first observed in batch 1, january.xlsx, sheet "Sheet1" row 3',
      '  2024-02-29 ── 2024-03-31               0  30 Days  missing from the submission',
      '      rule 1: missing from the submission of 2024-02-29 (batch 2, february.xlsx): Amount 0',
      '  2024-03-31 ┄┄ 2024-06-30               ?        ?  silent: nothing was submitted',
      '      rule 3: 2024-02-29 (batch 2, february.xlsx) holds for 31 days, to 2024-03-31; the next submission is of 2024-06-30 (batch 3, june.xlsx)',
      '      rule 4: nothing is submitted behind 2024-06-30 yet, so it stands',
      '  2024-06-30 ──▶                         0  30 Days  missing from the submission',
      '      rule 1: missing from the submission of 2024-06-30 (batch 3, june.xlsx): Amount 0',
      '',
    ]);
  });

  test('gives programs the row that made each version', async () => {
    const rows = JSON.parse((await program.run(['explain', 'CL-1', 'a', '--json'])).out) as object[];
    expect(rows).toMatchObject([
      { from_date: '2024-01-31', filename: 'january.xlsx', sheet: 'Sheet1', row_number: 2 },
      { from_date: '2024-02-29', filename: 'february.xlsx', sheet: 'Sheet1', row_number: 2 },
      { from_date: '2024-03-31', filename: 'june.xlsx', sheet: null, row_number: null, status: 'unknown' },
      { from_date: '2024-06-30', filename: 'june.xlsx', sheet: 'Sheet1', row_number: 2 },
    ]);
    expect((await program.run(['explain', 'CL-1', 'z'])).code).toBe(2);
  });
});

describe('batches and errors', () => {
  test('are given out as CSV, too', async () => {
    await writeFile(join(program.folder, '=1+1.csv'), `${HEADINGS.join(',')}\n2024-06-30,CL-2,a,Acme,n/a,Cash\n2024-06-30,CL-2,b,Bolt,1,Cash\n2024-06-30,CL-2,c,Core,1,Cash\n2024-06-30,CL-2,d,Dunn,1,Cash\n2024-06-30,CL-2,e,Epic,1,Cash\n`);
    await program.run(['process', '=1+1.csv']);
    const { out } = await program.run(['batches', '--limit', '1', '--csv']);
    expect(out.split('\n').map((line) => line.split(',').slice(0, 5))).toEqual([['Batch', 'File', 'Status', 'Rows', 'Added'], ['4', "'=1+1.csv", 'Complete', '5', '4'], ['']]);
    expect((await program.run(['errors', '4', '--csv'])).out).toMatch(/^Sheet,Row,Column,What is wrong\n[^,]*,2,Amount,"?[^\n]*n\/a/u);
  });
});

describe('sample', () => {
  test('gives the value at month ends, a row for each item and date', async () => {
    const { out } = await program.run(['sample', 'CL-1', '--from', '2024-01-31', '--every', 'month', '--count', '4', '--csv']);
    expect(out.split('\n')).toEqual([
      'Effective Date,Client Account,External Reference,Company Name,Amount,Term,Status,From,To,Batch',
      "2024-01-31,CL-1,a,'=Acme,-10.5,Cash,known,2024-01-31,2024-02-29,1",
      "2024-02-29,CL-1,a,'=Acme,12,Cash,known,2024-02-29,2024-03-31,2",
      "2024-03-31,CL-1,a,'=Acme,,N/A,unknown,2024-03-31,2024-06-30,3",
      "2024-04-30,CL-1,a,'=Acme,,N/A,unknown,2024-03-31,2024-06-30,3",
      '2024-01-31,CL-1,b,"Bolt, ""Sons""",1234567.8901,30 Days,known,2024-01-31,2024-02-29,1',
      '2024-02-29,CL-1,b,"Bolt, ""Sons""",0,30 Days,missing,2024-02-29,2024-03-31,2',
      '2024-03-31,CL-1,b,"Bolt, ""Sons""",,N/A,unknown,2024-03-31,2024-06-30,3',
      '2024-04-30,CL-1,b,"Bolt, ""Sons""",,N/A,unknown,2024-03-31,2024-06-30,3',
      '',
    ]);
  });

  test('refuses a count or a step that is none', async () => {
    const sample = ['sample', '--from', '2024-01-31', '--every'];
    expect(await program.run([...sample, 'month', '--count', '0'])).toMatchObject({ code: 2, err: 'scd-inbox: --count: expected a whole number from 1, found "0"\n' });
    expect(await program.run([...sample, 'month', '--count', '999999'])).toMatchObject({ code: 2, err: 'scd-inbox: --count 999999: the calendar ends after 95712 of these dates\n' });
    expect(await program.run([...sample, 'year', '--count', '1'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('export', () => {
  test('writes a workbook with typed cells that names its period by half-open dates', async () => {
    const path = join(program.folder, 'all.xlsx');
    expect(await program.run(['export', 'CL-1', '--xlsx', path])).toEqual({ code: 0, out: `${path}: 9 rows\n`, err: '' });
    const book = XLSX.read(await readFile(path), { cellNF: true, cellDates: false });
    const sheet = book.Sheets['History']!;
    expect(XLSX.utils.sheet_to_json(sheet, { header: 1 })[0]).toEqual(['From', 'To', 'Client Account', 'External Reference', 'Company Name', 'Amount', 'Term', 'Status', 'Batch']);
    expect(sheet['A2']).toMatchObject({ t: 'n', v: 45322, z: 'yyyy\\-mm\\-dd' });
    expect(sheet['E2']).toMatchObject({ t: 's', v: '=Acme' });
    expect(sheet['E2'].f).toBeUndefined();
    expect(sheet['F2']).toMatchObject({ t: 'n', v: -10.5, z: '#,##0.00??' });
  });

  test('never overwrites a workbook silently, and refuses a place that is none', async () => {
    const path = join(program.folder, 'kept.xlsx');
    await writeFile(path, 'mine');
    expect(await program.run(['export', '--xlsx', path])).toEqual({ code: 2, out: '', err: `scd-inbox: --xlsx ${path}: there is such a file already; name another one, or add --overwrite\n` });
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect((await program.run(['export', '--xlsx', path, '--overwrite'])).code).toBe(0);
    expect((await readFile(path)).subarray(0, 2).toString()).toBe('PK');
    expect(await program.run(['export', '--xlsx', 'there/is/none.xlsx'])).toMatchObject({ code: 2, out: '' });
    expect(await program.run(['export', '--xlsx', 'all.csv'])).toMatchObject({ code: 2, err: 'scd-inbox: --xlsx all.csv: expected the name of a file that ends in .xlsx\n' });
    expect(await program.run(['export', 'CL-404', '--xlsx', 'none.xlsx'])).toMatchObject({ code: 2, err: 'scd-inbox: nothing is known of account "CL-404"\n' });
    expect((await program.files()).filter((name) => name.includes('none') || name.startsWith('.'))).toEqual([]);
  });

  test('is asked for in one form at a time', async () => {
    expect(await program.run(['export', '--csv', '--json'])).toMatchObject({ code: 2, out: '' });
  });
});
