import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { ENGINES } from '../support/engines.js';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';

/** Errors that nobody expects, thrown at fail points of the real program while other files go on. */

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

describe.each(ENGINES)('on $name', (engine) => {
  async function create(environment: Record<string, string> = {}): Promise<Program> {
    const program = await Program.create({ SCD_CONCURRENCY: '1', SCD_SETTLE_MS: '1', ...environment }, undefined, engine);
    programs.push(program);
    await mkdir(program.inbox);
    await program.drop('1 poison.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2]]));
    await program.drop('2 sound.xlsx', workbook('2022-02-28', [['CL-3', 'c', 1]]));
    return program;
  }

  let undisturbed: Promise<object> | undefined;

  async function tellUndisturbed(): Promise<object> {
    const program = await create();
    await program.run(['process']);
    return program.whole();
  }

  const outcomes = 'select batch_status, error, claim is null as done from stage_batch order by id';

  test('a file on which reading fails for an unknown reason is set aside with its stack in the log, and others go on', async () => {
    const program = await create();
    const { code, out } = await program.run(['process'], { SCD_FAILPOINT: 'chunk-staged:throw:1' });
    expect(code).toBe(1);
    expect(await program.rows(outcomes)).toEqual([
      { batch_status: 'Error', error: 'internal error: fail point chunk-staged; the file is set aside, the log has the details', done: 1 },
      { batch_status: 'Complete', error: null, done: 1 },
    ]);
    const logged = out.split('\n').filter((line) => line.includes('"internal"')).map((line) => JSON.parse(line) as { stack: string });
    expect(logged).toHaveLength(1);
    expect(logged[0]!.stack).toContain('failpoint.js');
    expect(await program.files()).toEqual(expect.arrayContaining(['archive/rejected/1 poison.xlsx', 'archive/rejected/1 poison.xlsx.txt']));
  });

  test.each(['account-commit', 'archived', 'marked-archived'])(
    'a batch that fails for an unknown reason (%s) says why, is told once a try, and ends whole once the reason is gone', async (point) => {
      const program = await create();
      const broken = await program.run(['process'], { SCD_FAILPOINT: `${point}:throw:1` });
      expect(broken.code).toBe(1);
      const [poison, sound] = await program.rows<{ batch_status: string; error: string | null }>(outcomes);
      expect(sound).toEqual({ batch_status: 'Complete', error: null, done: 1 });
      if (point !== 'marked-archived') expect(poison).toMatchObject({ error: `fail point ${point}`, done: 0 });
      expect(broken.out).toMatch(/1 poison\.xlsx: fail point .*stays where it is and is tried again in 1 s.*failpoint\.js/u);
      expect((await program.run(['process'])).code).toBe(0);
      expect(await program.whole()).toEqual(await (undisturbed ??= tellUndisturbed()));
    });

  test('a batch that fails at every try stands still after three, and deleting it lets its file go', async () => {
    const program = await create();
    const child = program.start(['run'], { SCD_FAILPOINT: 'account-commit:throw' });
    let out = '';
    child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    while (out.split('stands still until the next start').length < 3 && child.exitCode === null && child.signalCode === null) await new Promise((resolve) => setTimeout(resolve, 50));
    const tries = out.split('\n').filter((line) => line.includes('1 poison.xlsx: fail point account-commit'));
    expect(tries.map((line) => /tried again in (\d) s|stands still/u.exec(line)?.[1])).toEqual(['1', '2', undefined]);
    expect(await program.rows(outcomes)).toMatchObject([
      { batch_status: 'Ready', error: 'fail point account-commit', done: 0 }, { batch_status: 'Ready', error: 'fail point account-commit', done: 0 },
    ]);
    // The daemon itself is well; what waits for somebody is named.
    expect(await program.run(['health'])).toMatchObject({ code: 0, out: expect.stringMatching(
      /scans and makes progress\nbatch 1 \(1 poison\.xlsx\) does not go on: fail point account-commit\nbatch 2 \(2 sound\.xlsx\) does not go on: fail point account-commit\n$/u) });
    expect((await program.run(['delete', '--batch', '1'])).code).toBe(0);
    await program.until(child, "select 1 from stage_batch where id = 1 and claim is null");
    expect(await program.files()).toContain('archive/rejected/1 poison.xlsx');
    child.kill('SIGKILL');
  });

  test('a batch that kills the program at every attempt to go on with it is left alone in the end, while others go on', async () => {
    const program = await create({ SCD_MAX_ATTEMPTS: '2' });
    for (let kill = 0; kill < 2; kill += 1) expect((await program.run(['process'], { SCD_FAILPOINT: 'account-commit:exit:1' })).code).toBe(null);
    const { code, out } = await program.run(['process'], { SCD_FAILPOINT: 'account-commit:exit:2' });
    expect(code).toBe(1);
    expect(out).toMatch(/"event":"stands-still".*each of 2 attempts to go on with it interrupted the program/u);
    expect(await program.rows(outcomes)).toMatchObject([
      { batch_status: 'Ready', error: 'each of 2 attempts to go on with it interrupted the program' }, { batch_status: 'Complete' },
    ]);
  });
});
