import { afterEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';

const NOBODY = 65_534;
/** Nothing is forbidden to root: the program runs as somebody else then. */
const UNDER = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
let program: Program | undefined;
afterEach(async () => program?.close());

test.each(ENGINES)('a file that the program may not read ends in Error and says what to do, instead of waiting for ever ($name)', async (engine) => {
  program = await Program.create({}, undefined, engine);
  await mkdir(program.inbox);
  const path = join(program.inbox, 'secret.xlsx');
  await writeFile(path, 'whatever it says');
  await chmod(path, 0);
  if (UNDER.length > 0) {
    for (const folder of [program.folder, program.inbox]) await chown(folder, NOBODY, NOBODY);
    if (spawnSync(UNDER[0]!, [...UNDER.slice(1), process.execPath, '-e', `require('fs').accessSync(${JSON.stringify(PROGRAM)})`]).status !== 0) {
      return void process.stderr.write('skipped: as nobody the built program cannot be run here\n');
    }
  }
  expect((await program.run(['process'], { SCD_SETTLE_MS: '1' }, UNDER)).code).toBe(1);
  expect(await program.rows('select batch_status, file_hash, error, archived_path from stage_batch')).toEqual([{
    batch_status: 'Error', file_hash: null, archived_path: join(program.folder, 'archive', 'rejected', 'secret.xlsx'),
    error: 'it may not be read by the user that runs scd-inbox: permission denied; give read access to it and drop it again',
  }]);
  expect(await readFile(join(program.folder, 'archive', 'rejected', 'secret.xlsx.txt'), 'utf8')).toContain('give read access to it');
});
