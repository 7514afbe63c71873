import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVIRONMENT, loadSettings } from '../../src/config/load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scd-config-'));
  await mkdir(join(folder, 'config'));
});
afterAll(async () => rm(folder, { recursive: true }));

describe('settings', () => {
  test('have a default for everything', async () => {
    await rm(join(folder, 'config', 'local.yaml'), { force: true });
    expect(loadSettings({}, folder)).toMatchObject({
      inbox: './inbox', archive: './archive', database: 'sqlite:./data/scd-inbox.db', validityDays: 31, missingItems: 'zero',
      placeholderReplaceCoverage: 0.8, maxFailureRatio: 0.2, terms: ['N/A', 'Cash', '7 Days', '30 Days'],
    });
  });

  test('in a local file win over the defaults, and the environment over both', async () => {
    await writeFile(join(folder, 'config', 'local.yaml'), 'inbox: /srv/in\nvalidityDays: 40\nlog: { level: warn }\naccountValidityDays: { CL-9: none }\n');
    const settings = loadSettings({ SCD_VALIDITY_DAYS: 'none', SCD_SHEET: '2022' }, folder);
    expect(settings).toMatchObject({ inbox: '/srv/in', validityDays: 'none', log: { level: 'warn', file: null }, sheet: '2022', accountValidityDays: { 'CL-9': 'none' } });
  });

  test('that cannot be used are all named at once, by the key that set them', async () => {
    await writeFile(join(folder, 'config', 'local.yaml'), 'concurrency: 0\ncolour: red\n');
    const refused = (): unknown => loadSettings({ SCD_VALIDITY_DAYS: '0', SCD_MISSING_ITEMS: 'drop' }, folder);
    expect(refused).toThrow(/concurrency: .*found 0/u);
    expect(refused).toThrow(/SCD_VALIDITY_DAYS: expected a whole number of days from 1, or none, found 0/u);
    expect(refused).toThrow(/SCD_MISSING_ITEMS: .*found "drop"/u);
    expect(refused).toThrow(/colour/u);
  });

  test('in a file that is no YAML are refused with the name of the file', async () => {
    await writeFile(join(folder, 'config', 'local.yaml'), 'inbox: [');
    expect(() => loadSettings({}, folder)).toThrow(/local\.yaml: cannot be read/u);
  });

  test('that the environment may name are those that the defaults say', async () => {
    const text = await readFile(new URL('../../config/default.yaml', import.meta.url), 'utf8');
    expect([...text.matchAll(/\[(SCD_[A-Z_]+)\]/gu)].map(([, name]) => name).sort()).toEqual(Object.keys(ENVIRONMENT).sort());
  });
});
