import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkAccount } from '../../src/ingest/check.js';
import type { Finding } from '../../src/ingest/finding.js';
import { rebuildAccount } from '../../src/ingest/rebuild.js';
import { Repairs } from '../../src/ingest/repair.js';
import { findAccount } from '../../src/store/accounts.js';
import { inSnapshot, openReader } from '../../src/store/database.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { check, damage, everything, keysThatDiffer, live, repair } from '../support/checkup.js';
import { ENGINES, POSTGRES, type Engine } from '../support/engines.js';
import { World } from '../support/world.js';

/** Damage that somebody does to the database with SQL: found, named, mended, and nothing else touched. */

let world: World;

/** The example of the rules, with a placeholder and a missing zero, and another account beside it. */
async function prepare(engine: Engine): Promise<void> {
  world = await World.open(POLICY, undefined, engine);
  for (const each of [
    file('1st', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5), row('2022-01-28', 'x', 1, { account: 'CL-1' })),
    file('2nd', row('2022-04-28', 'x', 10), row('2022-02-28', 'x', 2, { account: 'CL-1' })),
    file('3rd', row('2022-02-28', 'x', 12), row('2022-02-28', 'y', 5)),
  ]) await world.drop(each);
  // PostgreSQL refuses overlaps; whoever makes one has dropped what does.
  if (engine === POSTGRES) {
    await damage(world, 'alter table master_record drop constraint master_record_no_overlap');
    await damage(world, 'drop function master_record_open_is_last cascade');
  }
}
afterEach(async () => world.close());

const X = "external_reference = 'x' and client_account_id = (select id from client_account where account_number = 'CL-9') and not is_deleted";
const Y = X.replace("'x'", "'y'");
const COPY = 'insert into master_record (client_account_id, external_reference, company_name, amount, term, from_date, to_date, last_updated, is_placeholder, is_missing, batch_id) '
  + 'select client_account_id, external_reference, company_name, amount, term,';

const DAMAGES: readonly [what: string, statements: readonly string[], kinds: readonly string[]][] = [
  ['a gap', [`update master_record set to_date = '2022-02-20' where ${X} and from_date = '2022-01-28'`], ['gap', 'wrong version']],
  ['a gap where a version is gone', [`delete from master_record where ${X} and from_date = '2022-02-28'`], ['gap', 'missing version']],
  ['an overlap', [`update master_record set to_date = '2022-03-05' where ${X} and from_date = '2022-01-28'`], ['overlap', 'wrong version']],
  ['an overlap by a version too many', [`${COPY} '2022-02-01', '2022-02-10', last_updated, false, false, batch_id from master_record where ${X} and from_date = '2022-01-28'`],
    ['overlap', 'extra version']],
  ['two open versions', ['drop index master_record_current', `update master_record set to_date = null where ${X} and from_date = '2022-02-28'`],
    ['overlap', 'several open versions', 'wrong version']],
  ['two open versions with one start', ['drop index master_record_current', 'drop index master_record_start',
    `${COPY} from_date, to_date, last_updated, false, false, batch_id from master_record where ${X} and to_date is null`], ['several open versions', 'extra version']],
  ['no open version', [`update master_record set to_date = '2023-01-01' where ${X} and to_date is null`], ['no open version', 'wrong version']],
  ['a missing open version', [`update master_record set is_deleted = true where ${Y} and to_date is null`], ['no open version', 'missing version']],
  ['a missing chain', [`delete from master_record where ${Y}`], ['missing version', 'missing version', 'missing version']],
  ['a chain of an item that nobody named', [`${COPY.replace('select client_account_id, external_reference', "select client_account_id, 'z'")} from_date, to_date, last_updated, false, false, batch_id
    from master_record where ${X} and to_date is null`], ['extra version']],
  ['a wrong value', [`update master_record set amount = 13 where ${X} and from_date = '2022-02-28'`], ['wrong version']],
  ['a value that is none', [`update master_record set amount = 'much' where ${X} and from_date = '2022-02-28'`], ['wrong version']],
  ['a wrong name', [`update master_record set company_name = 'Bolt' where ${X} and from_date = '2022-02-28'`], ['wrong version']],
  ['a missing zero that is not flagged', [`update master_record set is_missing = false where ${Y} and from_date = '2022-04-28'`], ['wrong version']],
  ['a placeholder that is not flagged', [`update master_record set is_placeholder = false where ${Y} and is_placeholder`], ['wrong version']],
  ['a wrong batch_id', [`update master_record set batch_id = 1 where ${X} and from_date = '2022-02-28'`], ['wrong version']],
  ['a wrong start', [`update master_record set from_date = '2022-01-01' where ${X} and from_date = '2022-01-28'`], ['missing version', 'extra version']],
  ['a start that is no date', [`update master_record set from_date = 'never', to_date = null where ${X} and to_date is null`], ['missing version', 'extra version']],
];

/** PostgreSQL has no values that are none. */
function damagesOf({ name }: Engine): typeof DAMAGES {
  return DAMAGES.filter(([what]) => name === 'SQLite' || !['a value that is none', 'a start that is no date'].includes(what));
}

describe.each(ENGINES)('check on $name', (engine) => {
  beforeEach(async () => prepare(engine));

  test('finds nothing where nothing is wrong', async () => {
    expect(await check(world)).toEqual([]);
  });

  test.each(damagesOf(engine))('finds and names %s; repair mends it and touches nothing else; a second run finds nothing', async (_, statements, kinds) => {
    const [before, chains] = [await everything(world), await live(world)];
    await damage(world, ...statements);
    const damaged = keysThatDiffer(before, await everything(world));
    const findings = await check(world);
    expect(findings.map(({ kind }) => kind)).toEqual(kinds);
    for (const { account, message } of findings) {
      expect(account).toBe('CL-9');
      expect(message).toMatch(/^CL-9 \/ [xyz]: .*(version \d+ \[|the observations say \[|between version \d+)/u);
    }
    expect(await repair(world)).toHaveLength(1);
    expect(await check(world)).toEqual([]);
    expect(await live(world)).toEqual(chains);
    const after = await everything(world);
    const untouched = [...before].filter(([key]) => !damaged.has(key) && key !== 'client_account 1');
    expect(untouched.filter(([key, found]) => JSON.stringify(found) !== JSON.stringify(after.get(key)))).toEqual([]);
    // What is new mends what was damaged, and is no more than that.
    expect([...after.keys()].filter((key) => !before.has(key) && !damaged.has(key)).length).toBeLessThanOrEqual(kinds.filter((kind) => kind !== 'gap').length);
  });

  test('mends all of it at once, and rebuild would have done the same', async () => {
    const chains = await live(world);
    for (const [, statements] of damagesOf(engine).filter(([what]) => !what.startsWith('a start that'))) await damage(world, ...statements).catch(() => undefined);
    expect((await check(world)).length).toBeGreaterThan(5);
    expect((await rebuildAccount(world.database, 'CL-9')).inserted).toBeGreaterThan(0);
    expect(await live(world)).toEqual(chains);
    expect(await check(world)).toEqual([]);
  });

  test('looks at the account that is asked for', async () => {
    await damage(world, "update master_record set amount = 7 where external_reference = 'x'");
    expect(new Set((await check(world)).map(({ account }) => account))).toEqual(new Set(['CL-1', 'CL-9']));
    expect(new Set((await check(world, { account: 'CL-1' })).map(({ account }) => account))).toEqual(new Set(['CL-1']));
    await expect(check(world, { account: 'CL-404' })).rejects.toThrow('nothing is known of account "CL-404"');
  });

  test('names closed versions that last longer than the setting, and leaves them', async () => {
    const findings = await check(world, { account: 'CL-1', maxPeriodDays: 30 });
    expect(findings.map(({ message }) => message)).toEqual(['CL-1 / x: long period: version 3 [2022-01-28, 2022-02-28) lasts 31 days']);
    expect(new Repairs().add(findings[0]!)).toBe(false);
    expect(await check(world, { account: 'CL-1', maxPeriodDays: 31 })).toEqual([]);
  });

  test('takes a batch that waits to be applied for what it is', async () => {
    const { id } = await world.stage(file('4th', row('2022-03-28', 'x', 3, { account: 'CL-1' }), row('2022-03-28', 'x', 12)));
    expect(await check(world)).toEqual([]);
    await world.admit(id);
    expect(await check(world)).toEqual([]);
    await world.apply(id);
    expect(await check(world)).toEqual([]);
  });

  test('looks at an account as it was at one moment, whatever is applied meanwhile', async () => {
    const { id } = await world.stage(file('4th', row('2022-03-28', 'x', 12)));
    await world.admit(id);
    const reader = await openReader(world.url);
    const before = await live(world);
    const findings: Finding[] = [];
    const versions = await inSnapshot(reader, async () => {
      const account = (await findAccount(reader, 'CL-9'))!;
      await world.apply(id);
      return checkAccount(reader, account, { maxPeriodDays: null, report: (finding) => findings.push(finding) });
    });
    await reader.close();
    expect([versions, findings]).toEqual([7, []]);
    expect(await live(world)).not.toEqual(before);
  });
});

describe.each(ENGINES)('rebuild on $name', (engine) => {
  beforeEach(async () => prepare(engine));

  test('writes nothing at all where all is well', async () => {
    const before = await everything(world);
    expect(await rebuildAccount(world.database, 'CL-9')).toEqual({ inserted: 0, updated: 0, removed: 0 });
    expect(keysThatDiffer(before, await everything(world)).size).toBe(0);
  });
});
