import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';

describe.each(ENGINES)('plan on $name', (engine) => {
  const programs: Program[] = [];
  afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

  async function create(): Promise<Program> {
    const program = await Program.create({}, undefined, engine);
    await mkdir(program.inbox);
    programs.push(program);
    for (const { name, date, lines } of SAMPLES) await writeFile(join(program.folder, name), sampleWorkbook(date, lines));
    return program;
  }

  test('draws what a file would change, by account, before there is a database, and leaves nothing behind', async () => {
    const program = await create();
    const before = await program.files();
    const { code, out } = await program.run(['plan', '0128_Jan.xlsx', '0428_April.xlsx', '--limit', '1']);
    expect(code).toBe(0);
    expect(out).toBe(`0128_Jan.xlsx would be Complete: 10 rows: 10 added 0 failed
  account  added  appended  replaced  merged  unchanged  failed
  CL-001       1         0         0       0          0       0
  … and 9 more
0428_April.xlsx would be Complete: 9 rows: 1 added 8 appended 0 failed  1 zeroed  9 placeholders
  account  added  appended  replaced  merged  unchanged  failed
  CL-001       0         1         0       0          0       0
  … and 8 more
items that would become zero (1):
  CL-010 / A010 from 2022-04-28
silences that would get a placeholder (9):
  CL-001 / A001 2022-02-28 to 2022-04-28
  … and 8 more
11 chains would change, the first 1:

CL-001 / A001  Company A
before: nothing
after
  2022-01-28 ── 2022-02-28    358666.8  30 Days
  2022-02-28 ┄┄ 2022-04-28           ?        ?  silent: nothing was submitted
  2022-04-28 ──▶              358666.8  30 Days
`);
    expect(await program.files()).toEqual(before);
  });

  test('exits as process would: 1 for a file in Error with its row errors, 2 for one that is not there', async () => {
    const program = await create();
    await writeFile(join(program.folder, 'bad.xlsx'), sampleWorkbook('2022-01-28', [['CL-1', 'A', 'Acme', 5, 'Never']]));
    const planned = await program.run(['plan', 'bad.xlsx', '--json']);
    expect([planned.code, JSON.parse(planned.out)]).toEqual([1, expect.objectContaining({
      changedChains: 0, files: [expect.objectContaining({ batch_status: 'Error', failedRows: [expect.objectContaining({ row_number: 2, error_column: 'Term' })] })],
    })]);
    expect(await program.run(['plan', 'nowhere.xlsx'])).toMatchObject({ code: 2, err: expect.stringContaining('nowhere.xlsx: cannot be read') });
  });
});
