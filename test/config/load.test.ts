import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteTarget } from '../../src/config/database-url.js';
import { ENVIRONMENT, loadSettings, unknownNames } from '../../src/config/load.js';
import { messageOf } from '../../src/errors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scd-config-'));
  await mkdir(join(folder, 'config'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function local(text: string): Promise<void> {
  await writeFile(join(folder, 'config', 'local.yaml'), text);
}

/** The problems for which the settings are refused. */
function refusal(environment: Record<string, string>): string[] {
  try {
    loadSettings(environment, folder);
  } catch (error) {
    const [head, ...problems] = messageOf(error).split(/\n {2}(?! )/u);
    expect(head).toBe('the settings cannot be used:');
    return problems;
  }
  throw new Error('expected a refusal');
}

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

  test('that cannot be used are all named at once, each by its key, what was expected and what was found', async () => {
    await local('concurrency: 0\ncolour: red\nlog: { level: loud, fil: x }\nlimits: { rows: many }\naccountValidityDays: { CL-1: 0 }\nsheet: 2022\n');
    expect(refusal({ SCD_VALIDITY_DAYS: '0', SCD_MISSING_ITEMS: 'drop', SCD_MAX_FAILURE_RATIO: '1.5' })).toEqual([
      'concurrency: expected number to be >=1, found 0',
      'SCD_VALIDITY_DAYS: expected a whole number of days from 1, or none, found 0',
      'accountValidityDays.CL-1: expected a whole number of days from 1, or none, found 0',
      'SCD_MISSING_ITEMS: expected one of "zero"|"keep", found "drop"',
      'SCD_MAX_FAILURE_RATIO: expected number to be <=1, found 1.5',
      'sheet: expected string, received number, found 2022',
      'limits.rows: expected number, received string, found "many"',
      'log.level: expected one of "error"|"warn"|"info"|"debug", found "loud"',
      'log.fil: there is no such setting',
      'colour: there is no such setting',
    ]);
  });

  test('that contradict each other are refused', async () => {
    await local('dates: { earliest: 2022-01-02, latest: 2022-01-01 }\nnumbers: { decimal: ",", group: "," }\nheadings: { amount: ["client  ACCOUNT", Sum], term: [sum] }\n');
    expect(refusal({})).toEqual([
      'headings.amount.0: expected a spelling of its own, this one names client_account, found "client  ACCOUNT"',
      'headings.term.0: expected a spelling of its own, this one names amount, found "sum"',
      expect.stringMatching(/^dates: expected the earliest date not to come after the latest/u),
      expect.stringMatching(/^numbers: decimal and group signs must differ/u),
    ]);
  });

  test('have dates of the calendar, formats that name each part of a date once, and times that timers can count', async () => {
    await local('dates: { earliest: 2022-02-31, formats: [DD.MM.YYYY, D/M/YYYY, DD.MM, DD.MM.YY, DD.DD.YYYY, DD MMM YYYY] }\nstallSeconds: 1e7\n');
    const format = 'expected YYYY, MM (or M) and DD (or D) once each, such as DD.MM.YYYY';
    expect(refusal({ SCD_SCAN_SECONDS: '0' })).toEqual([
      'SCD_SCAN_SECONDS: expected number to be >=0.05, found 0', 'stallSeconds: expected number to be <=86400, found 10000000',
      'dates.earliest: expected a date YYYY-MM-DD, found "2022-02-31"',
      ...[[2, 'DD.MM'], [3, 'DD.MM.YY'], [4, 'DD.DD.YYYY'], [5, 'DD MMM YYYY']].map(([index, found]) => `dates.formats.${index}: ${format}, found "${found}"`),
    ]);
  });

  test('in a file that is no YAML are refused with the name of the file, beside all other problems', async () => {
    await local('inbox: [');
    expect(refusal({ SCD_VALIDITY_DAYS: '0', SCD_CONFIG: join(folder, 'none.yaml') })).toEqual([
      expect.stringMatching(/^file .*local\.yaml: cannot be read: Flow sequence/u),
      expect.stringMatching(/^file .*none\.yaml: cannot be read: .*ENOENT/u),
      'SCD_VALIDITY_DAYS: expected a whole number of days from 1, or none, found 0',
    ]);
    for (const [text, why] of [['- a', 'expected keys and values'], ['inbox: a\ninbox: b', 'Map keys must be unique']]) {
      await local(text!);
      expect(refusal({})).toEqual([expect.stringContaining(`local.yaml: cannot be read: ${why}`)]);
    }
  });

  test('name accounts as text: leading zeros stay', async () => {
    await local('accountValidityDays: { 00123: 45, 1e3: none }\n');
    expect(loadSettings({}, folder).accountValidityDays).toEqual({ '00123': 45, '1e3': 'none' });
  });

  test('of an empty file are the defaults', async () => {
    await local('# nothing yet\n');
    expect(loadSettings({}, folder)).toEqual(loadSettings({}, join(folder, 'elsewhere')));
  });

  test('of a database that cannot be are told without its password', () => {
    const found = (database: string): string => refusal({ SCD_DATABASE: database }).join();
    expect(found('postgres://app:hush@db/')).toBe('SCD_DATABASE: expected the name of a database behind the host: postgres://USER@HOST:PORT/NAME, found "postgres://app:***@db/"');
    expect(found('postgres://app:hush@db/scd?sslmode=maybe')).toMatch(/^SCD_DATABASE: expected sslmode to be one of disable, require.*:\*\*\*@db/u);
    expect(found('postgres://app:hush@db/scd?pasword=x')).toMatch(/^SCD_DATABASE: expected only the options .*, not pasword, found/u);
    expect(found('postgres://app:hu@sh@:db')).not.toContain('hu');
    const secrets = ['POSTGRES://app:hush@db/scd', 'postgress://app:hush@db/scd', 'pg:app:hush@db', 'postgres://app:20#hush@db/', 'postgres://app:20?hush@db/scd',
      'postgres://app:20/hush@db/scd?sslmode=maybe', 'postgres://app@db/scd?password=hush', 'postgres://app:hu@hush@db/'];
    for (const secret of secrets) expect(found(secret)).not.toContain('hush');
    expect(found('pg://app:hush@db/scd')).toContain('found "pg://***@db/scd"');
    expect(found('mysql://app@db/scd')).toContain('expected sqlite:PATH or postgres://USER@HOST:PORT/NAME');
  });

  test('of a SQLite database may say for how long its lock is waited for; any other question mark belongs to its path', () => {
    expect(sqliteTarget('sqlite:./data/a.db')).toEqual({ path: './data/a.db', busyMs: 30_000 });
    expect(sqliteTarget('sqlite:/srv/a.db?busySeconds=0.5')).toEqual({ path: '/srv/a.db', busyMs: 500 });
    expect(sqliteTarget('sqlite:/srv/why?.db')).toEqual({ path: '/srv/why?.db', busyMs: 30_000 });
  });

  test('that are misspelled in the environment are found', () => {
    expect(unknownNames({ SCD_VALIDITYDAYS: '45', SCD_INBOX: 'a', SCD_CONFIG: 'b', PATH: 'c' })).toEqual(['SCD_VALIDITYDAYS']);
  });

  test('that the environment may name are those that the defaults say', async () => {
    const text = await readFile(new URL('../../config/default.yaml', import.meta.url), 'utf8');
    expect([...text.matchAll(/\[(SCD_[A-Z_]+)\]/gu)].map(([, name]) => name).sort()).toEqual(Object.keys(ENVIRONMENT).sort());
  });
});
