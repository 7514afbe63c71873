import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../../src/service/daemon.js';
import { Statements } from '../../src/store/sqlite-statements.js';
import { rememberingLog } from '../support/pass.js';
import { workbook } from '../support/stories.js';
import { defaults } from '../support/world.js';

// eslint-disable-next-line @typescript-eslint/unbound-method
const original = Statements.prototype.all;

let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'scd-fatal-')); });
afterEach(async () => rm(folder, { recursive: true }));

/** The disk fails under each statement that holds a text; `onFailure` is called before it does. */
function failAt(text: string, onFailure: () => void = () => undefined): { mockRestore(): void } {
  return jest.spyOn(Statements.prototype, 'all').mockImplementation(async function (this: Statements, sql: string, params: readonly unknown[]) {
    if (!sql.includes(text)) return original.call(this, sql, params);
    onFailure();
    throw Object.assign(new Error('SQLITE_IOERR: disk I/O error'), { code: 'SQLITE_IOERR' });
  });
}

/** A daemon with a file that cannot be archived: it is put off. */
async function daemonInTrouble(onFatal: (error: unknown) => void): Promise<Daemon> {
  const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), database: `sqlite:${join(folder, 'scd.db')}`, settleMs: 1 };
  for (const path of [settings.inbox, settings.archive]) await mkdir(path);
  await writeFile(join(settings.archive, 'processed'), 'where a folder should be');
  await writeFile(join(settings.inbox, 'some.xlsx'), workbook('2022-01-28', [['CL-1', 'a', 1]]));
  return Daemon.open(settings, rememberingLog([]), { onFatal });
}

const told = expect.objectContaining({ code: 'disk', message: expect.stringContaining('the disk reported an error') });

test.each([
  ['an attempt is taken back', 'set attempts = attempts - 1'],
  ['the log’s word of it is written down', 'set error = ? where claim'],
])('a disk that fails where a file is put off, while %s, ends the program', async (_, text) => {
  const fatal: unknown[] = [];
  const daemon = await daemonInTrouble((error) => fatal.push(error));
  const failing = failAt(text);
  await daemon.runOnce();
  failing.mockRestore();
  await daemon.close();
  expect(fatal).toEqual([told]);
});

test('a disk that fails while the program stops ends it at once, too', async () => {
  const fatal: unknown[] = [];
  const daemon = await daemonInTrouble((error) => fatal.push(error));
  const failing = failAt('commit', () => daemon.stop());
  await daemon.runOnce();
  failing.mockRestore();
  await daemon.close();
  expect(fatal).toEqual([told]);
});
