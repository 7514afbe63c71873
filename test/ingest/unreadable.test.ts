import { afterEach, expect, test } from '@jest/globals';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENGINES } from '../support/engines.js';
import { canRunAsNobody, NOBODY, UNDER } from '../support/nobody.js';
import { Program } from '../support/program.js';

let program: Program | undefined;
afterEach(async () => program?.close());

test.each(ENGINES)('a file that the program may not read ends in Error and says what to do, instead of waiting for ever ($name)', async (engine) => {
  program = await Program.create({}, undefined, engine);
  await mkdir(program.inbox);
  const path = join(program.inbox, 'secret.xlsx');
  await writeFile(path, 'whatever it says');
  await chmod(path, 0);
  if (!canRunAsNobody()) return;
  if (UNDER.length > 0) for (const folder of [program.folder, program.inbox]) await chown(folder, NOBODY, NOBODY);
  expect((await program.run(['process'], { SCD_SETTLE_MS: '1' }, UNDER)).code).toBe(1);
  expect(await program.rows('select batch_status, file_hash, error, archived_path from stage_batch')).toEqual([{
    batch_status: 'Error', file_hash: null, archived_path: join(program.folder, 'archive', 'rejected', 'secret.xlsx'),
    error: 'it may not be read by the user that runs scd-inbox: permission denied; give read access to it and drop it again',
  }]);
  expect(await readFile(join(program.folder, 'archive', 'rejected', 'secret.xlsx.txt'), 'utf8')).toContain('give read access to it');
});
