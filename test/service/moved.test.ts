import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, chown, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';
import { HEADINGS } from '../support/workbooks.js';
import { canRunAsNobody, NOBODY, UNDER } from '../support/nobody.js';

/** Files that a kill left moved into the archive, without the mark that they are there: they are found again and not told of as lost. */

describe.each(ENGINES)('on $name', (engine) => {
  let program: Program;
  beforeEach(async () => {
    program = await Program.create({ SCD_SETTLE_MS: '1' }, undefined, engine);
    await mkdir(program.inbox);
  });
  afterEach(async () => program.close());

  const some = workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2]]);

  async function killedAt(failpoint: string, under: readonly string[] = []): Promise<void> {
    expect((await program.run(['process'], { SCD_FAILPOINT: failpoint }, under)).code).toBe(null);
  }

  /** What the next run says of a file, and where the database says that it lies. */
  async function found(id = 1, under: readonly string[] = []): Promise<{ out: string; archived: string | undefined }> {
    const { out } = await program.run(['process'], {}, under);
    const [batch] = await program.rows<{ archived_path: string | null }>(`select archived_path from stage_batch where claim is null and id = ${id}`);
    return { out, archived: batch?.archived_path?.replace(`${program.folder}/`, '') };
  }

  test('the file of a batch that was deleted before it was applied', async () => {
    await program.drop('some.xlsx', some);
    await killedAt('admitted:exit');
    expect((await program.run(['delete', '--batch', '1'])).code).toBe(0);
    await killedAt('archived:exit');
    expect(await found()).toEqual({ out: expect.not.stringContaining('file-lost'), archived: 'archive/rejected/some.xlsx' });
  });

  test('the file of a batch that was deleted once its file was moved', async () => {
    await program.drop('some.xlsx', some);
    await killedAt('archived:exit');
    expect((await program.run(['delete', '--batch', '1'])).code).toBe(0);
    expect(await found()).toEqual({ out: expect.not.stringContaining('file-lost'), archived: expect.stringMatching(/^archive\/processed\/.*\/some\.xlsx$/u) });
  });

  test('a file that may not be read', async () => {
    await program.drop('secret.xlsx', some);
    await chmod(join(program.inbox, 'secret.xlsx'), 0);
    if (!canRunAsNobody()) return;
    if (UNDER.length > 0) for (const folder of [program.folder, program.inbox]) await chown(folder, NOBODY, NOBODY);
    await killedAt('archived:exit', UNDER);
    expect(await found(1, UNDER)).toEqual({ out: expect.not.stringContaining('file-lost'), archived: 'archive/rejected/secret.xlsx' });
  });

  test('a file that was written to after it was read, under a name that is its batch\'s alone; what is missing is still told', async () => {
    const csv = (reference: string): Buffer => Buffer.from(`${HEADINGS.join(',')}\n2022-01-28,CL-1,${reference},Acme,1,Cash\n`);
    await program.drop('slow.csv', csv('R1'));
    await program.run(['process']);
    await program.drop('slow.csv', csv('R2'));
    const writer = await open(join(program.inbox, 'slow.csv'), 'a');
    const running = new Running(program.start(['process'], { SCD_FAILPOINT: 'account-commit:stop,archived:exit' }));
    await running.says(/fail point account-commit/u);
    await writer.write('2022-01-28,CL-1,R3,Acme,1,Cash\n');
    expect(await running.goOn()).toBe(null);
    await writer.close();
    const { out, archived } = await found(2);
    expect(out).not.toContain('file-lost');
    expect(out).toContain('batch 2: somebody wrote to slow.csv after it was read');
    expect(archived).toMatch(/slow \(batch 2\)\.csv$/u);
    expect(await readFile(join(program.folder, `${archived!}.txt`), 'utf8')).toContain('what was written then is not loaded');
  });
});
