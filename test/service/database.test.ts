import { afterAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, open, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { Daemon } from '../../src/service/daemon.js';
import { rememberingLog, unexpected } from '../support/pass.js';
import { Program } from '../support/program.js';
import { workbook } from '../support/stories.js';
import { defaults } from '../support/world.js';

/** Databases that are damaged, newer, older than the archive; clocks that run backwards; users that may not. */

const programs: Program[] = [];
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

async function create(environment: Record<string, string> = {}): Promise<Program> {
  const program = await Program.create({ SCD_SETTLE_MS: '1', SCD_CONCURRENCY: '1', ...environment });
  programs.push(program);
  await mkdir(program.inbox);
  return program;
}

const january = workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2]]);
const february = workbook('2022-02-28', [['CL-1', 'a', 10]]);
const databaseOf = (program: Program): string => join(program.folder, 'data', 'scd-inbox.db');

async function execute(path: string, sql: string): Promise<void> {
  const database = new sqlite3.Database(path);
  await new Promise<void>((done, fail) => { database.exec(sql, (error) => { if (error === null) done(); else fail(error); }); });
  await new Promise<void>((done) => { database.close(() => done()); });
}

describe('a database', () => {
  test('that is no database refuses the start, and neither it nor the inbox is touched', async () => {
    const program = await create();
    await mkdir(join(program.folder, 'data'));
    await writeFile(databaseOf(program), 'a letter to the bank, by mistake. '.repeat(100));
    await program.drop('january.xlsx', january);
    const { code, err } = await program.run(['process']);
    expect([code, err]).toEqual([1, expect.stringContaining('the file is not a database; move it away or name another one')]);
    expect((await program.files()).filter((name) => name.startsWith('inbox/'))).toEqual(['inbox/january.xlsx']);
  });

  test('that is damaged ends the program, says what to do, and no file counts as done', async () => {
    const program = await create();
    await program.drop('january.xlsx', january);
    await program.run(['process']);
    await execute(databaseOf(program), 'pragma wal_checkpoint(truncate)');
    const handle = await open(databaseOf(program), 'r+');
    const { size } = await handle.stat();
    await handle.write(Buffer.alloc(size - 4_096, 0xff), 0, size - 4_096, 4_096);
    await handle.close();
    await program.drop('february.xlsx', february);
    const { code, out, err } = await program.run(['process']);
    expect([code, err]).toEqual([1, expect.stringContaining('the file is damaged; restore it from a backup')]);
    expect(out).not.toContain('complete');
    expect((await program.files()).filter((name) => name.endsWith('february.xlsx'))).toEqual([expect.stringMatching(/^inbox\//u)]);
  });

  test('of a newer program is refused and left as it is', async () => {
    const program = await create();
    await program.run(['process']);
    await execute(databaseOf(program), "insert into migrations (timestamp, name) values (1900000000000, 'Tomorrow1900000000000')");
    await program.drop('january.xlsx', january);
    const { code, err } = await program.run(['process']);
    expect([code, err]).toEqual([1, expect.stringContaining('its schema is newer than this program (it has Tomorrow1900000000000)')]);
    expect(await program.files()).toContain('inbox/january.xlsx');
  });

  test('that another program keeps locked is waited for, the log says for what, and the daemon goes on once it is free', async () => {
    const [program, calm] = [await create(), await create()];
    await calm.drop('january.xlsx', january);
    await calm.run(['process']);
    const daemon = await program.daemon({ SCD_DATABASE: `${program.database}?busySeconds=0.2` });
    const other = new sqlite3.Database(databaseOf(program));
    const tell = async (sql: string): Promise<void> => new Promise((done, fail) => { other.exec(sql, (error) => { if (error === null) done(); else fail(error); }); });
    await tell('begin immediate');
    await program.drop('january.xlsx', january);
    await daemon.says(/january\.xlsx: database .*: another program holds its write lock; nothing of this step was kept; it stays where it is and is tried again in/u);
    await daemon.says(/"event":"look".*another program holds its write lock|another program holds its write lock.*"event":"look"/u);
    expect(await program.rows('select 1 from stage_batch')).toEqual([]);
    await tell('rollback');
    await daemon.says(/the inbox is looked through again/u);
    await program.until(daemon.child, "select 1 from stage_batch where batch_status = 'Complete' and claim is null");
    await new Promise<void>((done) => { other.close(() => done()); });
    expect(await daemon.stop()).toBe(0);
    expect(await program.whole()).toEqual(await calm.whole());
  });

  test('that cannot be opened at the start is told with the reason, and the program does not say that it goes on', async () => {
    const program = await create();
    await writeFile(join(program.folder, 'a file'), '');
    const under = await program.run(['process'], { SCD_DATABASE: `sqlite:${join(program.folder, 'a file', 'scd.db')}` });
    expect([under.code, under.err]).toEqual([1, expect.stringMatching(/cannot make the folder .*a file for the database: something else has its name\n$/u)]);
    await program.run(['process']);
    const other = new sqlite3.Database(databaseOf(program));
    await new Promise<void>((done) => { other.exec('begin immediate', () => done()); });
    const busy = await program.run(['delete', '--batch', '1'], { SCD_DATABASE: `sqlite:${databaseOf(program)}?busySeconds=0.1` });
    expect([busy.code, busy.err]).toEqual([1, expect.stringMatching(/another program holds its write lock; nothing of this step was kept\n$/u)]);
    await new Promise<void>((done) => { other.close(() => done()); });
  });

  test('has one intake, by whatever link it is named', async () => {
    const program = await create();
    const daemon = await program.daemon();
    await symlink(databaseOf(program), join(program.folder, 'link.db'));
    const { code, err } = await program.run(['process'], { SCD_DATABASE: `sqlite:${join(program.folder, 'link.db')}` });
    expect([code, err]).toEqual([1, expect.stringContaining('another scd-inbox already takes in files for it')]);
    expect(await daemon.stop()).toBe(0);
  });

  test('that is restored from a backup is caught up by dropping the archived files again, whatever had been under way', async () => {
    const [program, calm] = [await create(), await create()];
    await calm.drop('1 january.xlsx', january);
    await calm.drop('2 february.xlsx', february);
    await calm.run(['process']);
    await program.drop('1 january.xlsx', january);
    // The backup is of an instant at which the file was claimed and being read.
    expect((await program.run(['process'], { SCD_FAILPOINT: 'chunk-staged:exit' })).code).toBe(null);
    await execute(databaseOf(program), 'pragma wal_checkpoint(truncate)');
    await copyFile(databaseOf(program), join(program.folder, 'backup.db'));
    await program.drop('2 february.xlsx', february);
    expect((await program.run(['process'])).code).toBe(0);
    await execute(databaseOf(program), 'pragma wal_checkpoint(truncate)');
    await copyFile(join(program.folder, 'backup.db'), databaseOf(program));
    const { code, out } = await program.run(['process']);
    expect([code, out]).toEqual([1, expect.stringContaining('the file was taken away while it was worked on; drop it again')]);
    for (const name of (await program.files()).filter((path) => path.startsWith('archive/processed/'))) {
      await copyFile(join(program.folder, name), join(program.inbox, name.split('/').pop()!));
    }
    expect((await program.run(['process'])).code).toBe(0);
    const chains = 'select external_reference, amount, from_date, to_date, is_placeholder, is_missing from master_record where not is_deleted order by 1, 3';
    expect(await program.rows(chains)).toEqual(await calm.rows(chains));
    expect((await program.rows('select * from stage_record')).length).toBe(3);
  });
});

test('a clock that is set back holds nothing up, and recorded times do not run backwards', async () => {
  const program = await create();
  let now = Date.parse('2024-05-02T00:00:00Z');
  const settings = { ...defaults(), inbox: program.inbox, archive: program.archive, database: program.database, settleMs: 1 };
  const daemon = await Daemon.open(settings, rememberingLog([]), { clock: () => (now += 2), onFatal: unexpected });
  for (const [name, bytes] of [['january.xlsx', january], ['february.xlsx', february]] as const) {
    await program.drop(name, bytes);
    await daemon.runOnce();
    now -= 86_400_000;
  }
  await daemon.close();
  const applied = await program.rows<{ applied_at: string }>('select applied_at from batch_account order by applied_seq');
  expect(applied.map(({ applied_at }) => applied_at)).toEqual(applied.map(({ applied_at }) => applied_at).sort());
  expect(applied).toHaveLength(3);
});

const canBeAnother = process.getuid?.() === 0 && spawnSync('setpriv', [...another(), 'true']).status === 0;
if (!canBeAnother) process.stderr.write('this user cannot become another: files and folders without permission are not tested\n');

function another(): string[] {
  return ['--reuid=65534', '--regid=65534', '--clear-groups'];
}

(canBeAnother ? describe : describe.skip)('a user that may not', () => {
  const under = ['setpriv', ...another()];

  test('read a file rejects it and says so to its sender, while others go on', async () => {
    const program = await create();
    await program.drop('1 secret.xlsx', january);
    await program.drop('2 open.xlsx', february);
    await chmod(join(program.inbox, '1 secret.xlsx'), 0o600);
    for (const folder of [program.folder, program.inbox]) await chown(folder, 65_534, 65_534);
    expect((await program.run(['process'], {}, under)).code).toBe(1);
    expect(await program.rows('select batch_status, error from stage_batch order by id')).toEqual([
      { batch_status: 'Error', error: expect.stringContaining('permission denied; give read access to it and drop it again') },
      { batch_status: 'Complete', error: null },
    ]);
    expect(await readdir(join(program.archive, 'rejected'))).toEqual(['1 secret.xlsx', '1 secret.xlsx.txt']);
  });

  test('write to the inbox is told which folder and what to do', async () => {
    const program = await create();
    await chmod(program.folder, 0o755);
    await program.drop('january.xlsx', january);
    for (const folder of [join(program.folder, 'data'), program.archive]) {
      await mkdir(folder);
      await chown(folder, 65_534, 65_534);
    }
    const { code, err } = await program.run(['process'], {}, under);
    expect([code, err]).toEqual([1, 'scd-inbox: inbox folder ./inbox: cannot write: permission denied; give the user that runs scd-inbox write access to it\n']);
    expect(await program.files()).toContain('inbox/january.xlsx');
  });
});
