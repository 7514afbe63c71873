import { expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../src/log.js';

test('a log file holds a JSON line for each event, with its fields', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scd-log-'));
  const log = createLog({ level: 'warn', file: join(folder, 'scd.log') }, true);
  log.info('noise', 'not at this level');
  log.warn('batch', 'batch 1 error', { batch: 1 });
  await log.close();
  const names = (await readdir(folder)).filter((name) => name.startsWith('scd.log'));
  expect(names).toHaveLength(1);
  expect(JSON.parse(await readFile(join(folder, names[0]!), 'utf8'))).toMatchObject({ level: 'warn', event: 'batch', message: 'batch 1 error', batch: 1 });
  await rm(folder, { recursive: true });
});
