import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../support/program.js';
import { bookOf, HEADINGS, inlineRow, xlsxParts, zipOf } from '../support/workbooks.js';

let program: Program;
beforeEach(async () => {
  program = await Program.create({ SCD_SETTLE_MS: '50' });
  await mkdir(program.inbox);
});
afterEach(async () => program.close());

const book = (reference: string): Buffer => bookOf([HEADINGS, ['2022-01-28', 'CL-1', reference, 'Acme', 1, 'Cash']]);
const NAMES = [
  'new\nline.xlsx', 'batch 9 complete\r\n.xlsx', 'escape\u001b[31m.xlsx', 'bell\u0007\u0085.xlsx', 'right\u202eto left.xlsx', 'separator\u2028.xlsx', `${'ü'.repeat(125)}.xlsx`,
  ' .xlsx', '%s %d.xlsx', '__proto__', '-rf', '\'; drop table stage_batch; --.xlsx', 'emoji \u{1f600}.xlsx',
];

test('names that make trouble elsewhere reach the archive as they are, each with an honest line in the log', async () => {

  for (const [index, name] of NAMES.entries()) await writeFile(join(program.inbox, name), book(`A${index}`));
  const { code, out } = await program.run(['process']);
  expect(code).toBe(0);
  const archived = (await program.files()).filter((path) => path.startsWith('archive/processed/')).map((path) => path.replace(/^archive\/processed\/\d{4}\/\d{2}\//u, ''));
  expect(archived).toEqual([...NAMES].sort());
  expect((await program.rows<{ filename: string }>('select filename from stage_batch where batch_status = \'Complete\'')).map(({ filename }) => filename).sort()).toEqual([...NAMES].sort());
  const batches = await program.run(['batches']);
  for (const text of [out, batches.out]) expect(text).toMatch(/^[^\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]*$/u);
  expect(batches.out.split('\n').filter((line) => line.includes('Complete'))).toHaveLength(NAMES.length);
});

test('neither a sheet nor a cell can forge a line of the log, of a command, or of the note beside the file', async () => {
  const forged = 'x\nbatch 7 complete  all.xlsx\u202e\u001b[2J';
  const xml = forged.replace('\n', '&#10;').replace('\u001b', '');
  const parts = (data: string): Buffer => zipOf(xlsxParts(data).map((part) => ({ ...part, text: String(part.text).replace('name="Sheet1"', `name="${xml}"`) })));
  await writeFile(join(program.inbox, 'sheet.xlsx'), parts(inlineRow(1, [xml])));
  const row = inlineRow(2, ['2022-01-28', 'CL-1', 'A1', 'Acme', '1', 'Cash']).replace('</row>', '').replace(/<c r="E2".*?<\/c>/u, `<c r="E2" t="e"><v>${xml}</v></c>`);
  await writeFile(join(program.inbox, 'cell.xlsx'), parts(`${inlineRow(1, HEADINGS)}${row}</row>`));
  const { out } = await program.run(['process']);
  const shown = [out];
  for (const { id } of await program.rows<{ id: number }>('select id from stage_batch')) shown.push((await program.run(['errors', String(id)])).out);
  shown.push((await program.run(['batches'])).out);
  expect(shown.join('').match(/batch 7 complete/gu)!.length).toBeGreaterThan(2);
  for (const text of shown) {
    expect(text).not.toMatch(/^batch 7 complete/mu);
    expect(text).not.toMatch(/[\u202e\u001b]/u);
  }
  expect(await program.rows('select id from stage_batch where batch_status <> \'Error\' or error glob \'*\' || char(10) || \'*\'')).toEqual([]);
  expect(await program.rows('select id from stage_record where error glob \'*\' || char(10) || \'*\'')).toEqual([]);
});

test('a file cannot forge a line by its name where other files are held against it', async () => {
  const name = 'x\nbatch 7 complete  all.xlsx\u001b[2J.xlsx';
  await writeFile(join(program.inbox, name), book('A1'));
  await program.run(['process']);
  await writeFile(join(program.inbox, 'same.xlsx'), book('A1'));
  await writeFile(join(program.inbox, 'other.xlsx'), bookOf([HEADINGS, ['2022-01-28', 'CL-1', 'A1', 'Acme', 2, 'Cash']]));
  await program.run(['process']);
  const shown: string[] = [];
  for (const id of ['2', '3']) shown.push((await program.run(['errors', id])).out);
  expect(shown.join('').match(/batch 7 complete/gu)).toHaveLength(2);
  for (const text of shown) expect(text).not.toMatch(/^batch 7 complete|\u001b/mu);
});

test('a folder, a symbolic link and a pipe called x.xlsx are left where they are, with one warning each', async () => {
  await mkdir(join(program.inbox, 'folder.xlsx'));
  await symlink('/etc/passwd', join(program.inbox, 'link.xlsx'));
  execFileSync('mkfifo', [join(program.inbox, 'pipe.xlsx')]);
  const daemon = program.start(['run']);
  let out = '';
  daemon.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
  for (const name of ['first.xlsx', 'second.xlsx', 'third.xlsx']) {
    await writeFile(join(program.inbox, name), book(name));
    await program.until(daemon, 'select id from stage_batch where filename = ? and batch_status = \'Complete\' and archived_path is not null', [name]);
  }
  const ended = once(daemon, 'close');
  daemon.kill('SIGTERM');
  await ended;
  const warnings = out.split('\n').filter((line) => line.includes('"event":"not-a-file"'));
  expect(warnings.map((line) => (JSON.parse(line) as { message: string }).message).sort()).toEqual([
    'folder.xlsx is a folder, not a file: left where it is', 'link.xlsx is a symbolic link, not a file: left where it is', 'pipe.xlsx is a pipe, not a file: left where it is',
  ]);
  expect((await readdir(program.inbox)).filter((name) => name.endsWith('.xlsx')).sort()).toEqual(['folder.xlsx', 'link.xlsx', 'pipe.xlsx']);
});
