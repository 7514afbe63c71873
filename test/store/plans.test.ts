import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deleteBatch, deleteRecord } from '../../src/ingest/delete.js';
import { Statements } from '../../src/store/sqlite-statements.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { World } from '../support/world.js';

/** The statements that a file runs, asked how SQLite runs them. A table that grows with the history must not be looked through. */

// eslint-disable-next-line @typescript-eslint/unbound-method
const { all, changed } = Statements.prototype;

let world: World;
const statements = new Set<string>();
const plans = new Map<string, string[]>();
let ofSoundFile: string[] = [];

beforeAll(async () => {
  world = await World.open({ ...POLICY, maxMissingRatio: 0.5 });
  const note = (sql: string): void => {
    // New accounts and batches are left out: their plan tells of a look for what would refer to a row that was replaced, and
    // none is. A deletion, which comes once in a while, may look through the batches for its Duplicates.
    if (/\b(?:stage_batch|stage_record|master_record)\b/u.test(sql) && !/^insert into (?:client_account|stage_batch)|where duplicate_of/u.test(sql)) statements.add(sql);
  };
  Statements.prototype.all = async function <T>(this: Statements, sql: string, params: readonly unknown[]) {
    note(sql);
    return all.call(this, sql, params) as Promise<T[]>;
  };
  Statements.prototype.changed = async function (sql, params) {
    note(sql);
    return changed.call(this, sql, params);
  };
  await world.drop(file('jan', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5)));
  ofSoundFile = [...statements];
  await world.drop(file('mar', row('2022-03-28', 'x', 12)));
  await world.drop(file('late', row('2022-02-28', 'x', 11), row('2022-02-28', 'y', 5)));
  await world.drop(file('again', row('2022-03-28', 'x', 13), row('2022-03-28', 'z', 1)));
  await deleteRecord(world.database, 1);
  await deleteBatch(world.database, 3);
  await deleteBatch(world.database, await world.drop(file('apr', row('2022-04-28', 'x', 14))));
  Object.assign(Statements.prototype, { all, changed });
  for (const sql of statements) {
    const steps = await world.database.reader.rows<{ detail: string }>(`explain query plan ${sql}`, Array.from(sql.matchAll(/\?/gu), () => null));
    plans.set(sql, steps.map(({ detail }) => detail));
  }
});
afterAll(async () => world.close());

describe('the statements that a file runs', () => {
  test('are those of staging, admitting, appending, deriving and deleting', () => {
    const begun = new Set([...statements].map((sql) => /^\s*(\w+)/u.exec(sql)![1]));
    expect(begun).toEqual(new Set(['insert', 'update', 'select']));
    expect(statements.size).toBeGreaterThan(15);
  });

  test('look through no table that grows with the history', () => {
    const through = [...plans].filter(([, steps]) => steps.some((step) => /^SCAN (?:stage_batch|stage_record|master_record|b|s|r|o|m)\b/u.test(step)));
    expect(through).toEqual([]);
  });

  test('find the rows of an account along the index of items, not by looking through the batch', () => {
    const ofAccounts = [...plans].filter(([sql]) => /\bclient_account = \?/u.test(sql) && /\bstage_record\b/u.test(sql));
    expect(ofAccounts.length).toBeGreaterThan(4);
    expect(ofAccounts.filter(([, steps]) => steps.some((step) => step.includes('stage_record_batch')))).toEqual([]);
  });

  test('go along two indexes at once for the items that a file leaves out, and sort neither side', () => {
    const leavingOut = [...plans].filter(([sql]) => /from master_record c\b[^]*\bexcept\b/u.test(sql)).map(([, steps]) => steps);
    expect(leavingOut).toHaveLength(2);
    for (const steps of leavingOut) {
      expect(steps).toContain('MERGE (EXCEPT)');
      const [left, right] = ['LEFT', 'RIGHT'].map((side) => steps[steps.indexOf(side) + 1]);
      expect([left, right]).toEqual([expect.stringContaining('USING INDEX master_record_current'), expect.stringContaining('USING INDEX stage_record_item')]);
    }
  });

  test('find the items that were observed at a date and not at the one before along the index of items, and look the few up', () => {
    const [steps, ...others] = [...plans].filter(([sql]) => /from stage_record r where[^]*\bexcept\b/u.test(sql) && !sql.includes('master_record c')).map(([, each]) => each);
    expect(others).toEqual([]);
    expect(steps).toContain('MERGE (EXCEPT)');
    const item = 'USING INDEX stage_record_item (effective_date=? AND client_account=?';
    expect(steps!.filter((step) => step.startsWith('SEARCH r '))).toEqual([`SEARCH r ${item})`, `SEARCH r ${item})`]);
    expect(steps).toContain('SEARCH o USING INTEGER PRIMARY KEY (rowid=?)');
    expect(steps).toContain(`SEARCH e ${item} AND external_reference=?)`);
    expect(steps).toContain('SEARCH m USING INDEX master_record_current (client_account_id=? AND external_reference=?)');
  });

  test('do not ask what a sound file names, which its reader has counted, but how many rows it has: an index alone tells', () => {
    expect(ofSoundFile.some((sql) => sql.startsWith('select count(*) as total from stage_record'))).toBe(true);
    expect(ofSoundFile.filter((sql) => /group by client_account, effective_date/u.test(sql))).toEqual([]);
    const counts = [...plans].filter(([sql]) => sql.startsWith('select count(*) as total from stage_record')).map(([, steps]) => steps[0]);
    expect(counts).toEqual(['SEARCH stage_record USING COVERING INDEX stage_record_batch (batch_id=?)']);
  });

  test('tell by an index alone that no item of a file is named elsewhere', () => {
    const [steps, ...others] = [...plans].filter(([sql]) => sql.includes('having count(*) > 1')).map(([, each]) => each);
    expect(others).toEqual([]);
    expect(steps).toContain('SEARCH r USING COVERING INDEX stage_record_item (effective_date=? AND client_account=?)');
    expect(steps!.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });
});
