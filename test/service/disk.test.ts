import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bind, canMount, fill, mountSmall, remount, unmount } from '../support/mounts.js';
import { Program } from '../support/program.js';
import { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';

/** Disks that are full or read-only, under a running daemon: what is said, and that it goes on by itself afterwards. */

const programs: Program[] = [];
const mounts: string[] = [];
afterEach(() => { for (const folder of mounts.splice(0)) unmount(folder); });
afterAll(async () => Promise.all(programs.map(async (program) => program.close())));

async function create(environment: Record<string, string> = {}): Promise<Program> {
  const program = await Program.create({ SCD_SETTLE_MS: '50', ...environment });
  programs.push(program);
  await mkdir(program.inbox);
  return program;
}

function mount(folder: string, size = '4m'): string {
  mountSmall(folder, size);
  mounts.push(folder);
  return folder;
}

const some = workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 2]]);
const many = workbook('2022-01-28', Array.from({ length: 4_000 }, (_, row) => [`CL-${row % 5}`, `R${row}`, row] as const));
const complete = "select total_count, success_count, error from stage_batch where batch_status = 'Complete' and claim is null";

(canMount ? describe : describe.skip)('a daemon on a disk', () => {
  test('that is full under its database puts the file off, and takes it in once there is room', async () => {
    const program = await create();
    const data = mount(join(program.folder, 'data'), '16m');
    const daemon = await program.daemon();
    const makeRoom = fill(data);
    await program.drop('many.xlsx', many);
    await daemon.says(/the disk is full; nothing of this step was kept; it stays where it is and is tried again in/u);
    expect(await program.rows('select 1 from master_record')).toEqual([]);
    makeRoom();
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 4_000, success_count: 4_000, error: null }]);
    expect(await program.rows('select count(*) as count from stage_record')).toEqual([{ count: 4_000 }]);
    expect(await daemon.stop()).toBe(0);
  });

  test('that is full under its archive says so in the batch, and archives the file once there is room', async () => {
    const program = await create();
    const archive = mount(program.archive);
    const daemon = await program.daemon();
    await mkdir(join(archive, 'processed'), { recursive: true });
    const makeRoom = fill(archive);
    await program.drop('some.xlsx', some);
    const [batch] = await program.until<{ batch_status: string; error: string }>(daemon.child, 'select batch_status, error from stage_batch where error is not null');
    expect(batch).toMatchObject({ batch_status: 'Complete', error: expect.stringContaining('the disk is full') });
    makeRoom();
    expect(await program.until(daemon.child, complete)).toEqual([{ total_count: 2, success_count: 2, error: null }]);
    expect((await program.files()).filter((name) => name.startsWith('archive/'))).toEqual([expect.stringMatching(/some\.xlsx$/u)]);
    expect(await daemon.stop()).toBe(0);
  });

  test('that has room for the file and none for its answer says that it is full, and lays the answer beside the file once there is room', async () => {
    const program = await create({ SCD_MAX_FAILURE_RATIO: '0.5' });
    const archive = mount(program.archive);
    await program.drop('some.xlsx', workbook('2022-01-28', [['CL-1', 'a', 1], ['CL-2', 'b', 'two']]));
    const running = new Running(program.start(['process'], { SCD_FAILPOINT: 'archived:stop:1' }));
    await running.says(/fail point archived/u);
    const makeRoom = fill(archive);
    expect(await running.goOn()).toBe(1);
    expect(running.said).toMatch(/some\.xlsx: cannot write the answer \S+: the disk is full; it stays where it is and is tried again/u);
    makeRoom();
    expect((await program.run(['process'])).code).toBe(0);
    expect((await program.files()).filter((name) => name.startsWith('archive/'))).toEqual([
      expect.stringMatching(/some\.errors\.xlsx$/u), expect.stringMatching(/some\.xlsx$/u),
    ]);
  });

  test('that is full under its log loses lines of the log and nothing else', async () => {
    const program = await create();
    const logs = mount(join(program.folder, 'logs'), '64k');
    const makeRoom = fill(logs);
    const daemon = await program.daemon({ SCD_LOG_FILE: join(logs, 'scd.log') });
    await program.drop('some.xlsx', some);
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    await daemon.says(/the log file .* cannot be written \(ENOSPC/u);
    makeRoom();
    expect(await daemon.stop()).toBe(0);
  });

  test('that turns read-only under its inbox leaves the file there, and takes it in once it is writable', async () => {
    const program = await create();
    const inbox = mount(program.inbox);
    const daemon = await program.daemon();
    await writeFile(join(inbox, 'some.xlsx'), some);
    remount(inbox, 'ro');
    await daemon.says(/cannot claim some\.xlsx|cannot make the folder/u);
    expect(daemon.said).toContain('the file system is read-only');
    expect(await program.files()).toContain('inbox/some.xlsx');
    remount(inbox, 'rw');
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });

  test('that turns read-only under its archive keeps the file claimed, and archives it once it is writable', async () => {
    const program = await create();
    const archive = mount(program.archive);
    const daemon = await program.daemon();
    remount(archive, 'ro');
    await program.drop('some.xlsx', some);
    await daemon.says(/cannot make the folder: the file system is read-only; it stays where it is/u);
    remount(archive, 'rw');
    expect(await program.until(daemon.child, complete)).toHaveLength(1);
    expect(await daemon.stop()).toBe(0);
  });

  test('that is read-only refuses to start, in plain words, and touches no file', async () => {
    const program = await create();
    await program.drop('some.xlsx', some);
    const inbox = mount(join(program.folder, 'elsewhere'));
    remount(inbox, 'ro');
    for (const [name, said] of [['SCD_INBOX', 'inbox folder'], ['SCD_ARCHIVE', 'archive folder']] as const) {
      const { code, err } = await program.run(['process'], { [name]: inbox });
      expect([code, err]).toEqual([1, expect.stringContaining(`${said} ${inbox}: cannot write: the file system is read-only; mount it for writing`)]);
    }
    const { code, err } = await program.run(['process'], { SCD_DATABASE: `sqlite:${inbox}/scd.db` });
    expect([code, err]).toEqual([1, expect.stringMatching(/database .*scd\.db.*: the file (cannot be opened|is read-only)/u)]);
    expect(await program.files()).toContain('inbox/some.xlsx');
  });

  test('on which inbox and archive are two mounts copies the file and leaves nothing behind', async () => {
    const program = await create();
    const elsewhere = join(program.folder, 'data', 'bound');
    await mkdir(program.archive);
    bind(program.archive, elsewhere);
    mounts.push(elsewhere);
    await program.drop('some.xlsx', some);
    expect((await program.run(['process'], { SCD_ARCHIVE: elsewhere })).code).toBe(0);
    expect((await program.files()).filter((name) => !name.startsWith('data/'))).toEqual([expect.stringMatching(/^archive\/processed\/.*some\.xlsx$/u)]);
  });
});
