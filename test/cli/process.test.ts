import { afterEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';
import { canTrace } from '../torture/torture.js';

/** `process FILE…`: the files named are copied and claimed before the pass. */

const programs: Program[] = [];
afterEach(async () => { for (const program of programs.splice(0)) await program.close(); });

const NAMES = ['january.xlsx', 'february.xlsx'];

async function create(): Promise<Program> {
  const program = await Program.create({ SCD_SETTLE_MS: '1' });
  programs.push(program);
  await mkdir(program.inbox);
  for (const [month, name] of NAMES.entries()) await writeFile(join(program.folder, name), workbook(`2022-0${month + 1}-28`, [['CL-1', 'a', month]]));
  return program;
}

const outcomes = async (program: Program): Promise<unknown[]> => program.rows('select filename, batch_status, claim is null as done from stage_batch order by id');

test('told to stop while it copies, it ends the copy, copies no other, and the next run takes in what was copied', async () => {
  const program = await create();
  const running = new Running(program.start(['process', ...NAMES], { SCD_FAILPOINT: 'claim-folder-made:sleep:1' }));
  await running.says(/fail point claim-folder-made/u);
  expect([await running.stop(), running.said]).toEqual([1, expect.stringContaining('SIGTERM: no further file is copied or taken in, what is under way ends')]);
  expect(running.said).not.toContain('scd-inbox:');
  expect((await program.files()).filter((name) => name.startsWith('inbox/'))).toEqual([expect.stringMatching(/^inbox\/\.processing\/.*\/january\.xlsx$/u)]);
  expect((await program.run(['process'])).code).toBe(0);
  expect(await outcomes(program)).toEqual([{ filename: 'january.xlsx', batch_status: 'Complete', done: 1 }]);
});

(canTrace() ? describe : describe.skip)('a file named', () => {
  test('is claimed for good before it is read: its folder and the inbox are synced behind the renaming', async () => {
    const program = await create();
    const trace = join(program.folder, 'trace');
    const under = ['strace', '-f', '-y', '-qq', '-o', trace, '-e', 'trace=fsync,rename'];
    expect((await program.run(['process', NAMES[0]!], { SCD_FAILPOINT: 'batch-opened:exit' }, under)).code).not.toBe(0);
    const [, behind] = (await readFile(trace, 'utf8')).split(/rename\(.*\.scd-inbox-copy.*\n/u);
    expect(behind).toMatch(/fsync\(\d+<.*\/inbox\/\.processing\/[^/]+>\)/u);
    expect(behind).toMatch(/fsync\(\d+<.*\/inbox>\)/u);
  });

  test('whose copy the disk cannot keep ends the program as any other disk that fails, and nothing of it is left', async () => {
    const program = await create();
    const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-P', join(program.inbox, '.scd-inbox-copy.part'), '-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO:when=1'];
    const { code, err } = await program.run(['process', NAMES[0]!], {}, under);
    expect([code, err]).toEqual([1, expect.stringMatching(/^scd-inbox: .*the disk reported an error when it was to be synced/u)]);
    expect((await program.files()).filter((name) => name.startsWith('inbox/'))).toEqual([]);
  });
});
