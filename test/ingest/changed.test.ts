import { afterEach, expect, test } from '@jest/globals';
import { appendFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../../src/service/daemon.js';
import { rememberingLog } from '../support/pass.js';
import { HEADINGS } from '../support/workbooks.js';
import { defaults } from '../support/world.js';

let folder: string;
afterEach(async () => rm(folder, { recursive: true, force: true }));

test('a file whose writer pauses, and goes on while it is read, ends in Error instead of being loaded in part', async () => {
  folder = await mkdtemp(join(tmpdir(), 'scd-changed-'));
  const settings = { ...defaults(), inbox: join(folder, 'inbox'), archive: join(folder, 'archive'), database: `sqlite:${join(folder, 'test.db')}`, settleMs: 1 };
  await mkdir(settings.inbox);
  const line = (number: number): string => `2022-01-28,CL-1,R${number},Acme,1,Cash\n`;
  await writeFile(join(settings.inbox, 'slow.csv'), `${HEADINGS.join(',')}\n${line(1)}`);
  const lines: string[] = [];
  let isFirst = true;
  const daemon = await Daemon.open(settings, rememberingLog(lines), {
    onRows: () => {
      if (isFirst) appendFileSync(processing(settings.inbox), line(2));
      isFirst = false;
    },
  });
  await daemon.runOnce();
  expect(lines.join('\n')).toContain('batch 1 error  slow.csv  somebody wrote to it while it was read, so that rows may be missing; nothing was loaded from it. Drop it again when it is closed');
  expect(await readFile(join(settings.archive, 'rejected', 'slow.csv'), 'utf8')).toContain('R2');
  await writeFile(join(settings.inbox, 'slow.csv'), await readFile(join(settings.archive, 'rejected', 'slow.csv')));
  await daemon.runOnce();
  expect(lines.join('\n')).toContain('batch 2 complete  slow.csv  2 rows: 2 added 0 failed');
  await daemon.close();
});

/** The one file that is claimed. */
function processing(inbox: string): string {
  return readdirSync(join(inbox, '.processing'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.csv')).map((name) => join(inbox, '.processing', name))[0]!;
}
