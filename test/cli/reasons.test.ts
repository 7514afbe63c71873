import { afterAll, describe, expect, test } from '@jest/globals';
import { reasonsOf } from '../../src/cli/reasons.js';
import { dateOf } from '../../src/history/day.js';
import { explainItem } from '../../src/ingest/explain.js';
import { file, POLICY, row, unreadable } from '../model/fixtures.js';
import type { ModelPolicy } from '../model/types.js';
import { carryOut } from '../support/deeds.js';
import { World } from '../support/world.js';

const worlds: World[] = [];
afterAll(async () => Promise.all(worlds.map(async (world) => world.close())));

async function after(policy: Partial<ModelPolicy>, ...files: ReturnType<typeof file>[]): Promise<World> {
  const world = await World.open({ ...POLICY, ...policy });
  worlds.push(world);
  for (const dropped of files) await world.drop(dropped);
  return world;
}

/** Why each version of an item of CL-9 is there, a line for each reason. */
async function reasons(world: World, reference: string, knownAt?: string): Promise<string[]> {
  const item = await explainItem(world.database.reader, 'CL-9', reference, knownAt, Date.now());
  return item.versions.flatMap(({ version }, index) => reasonsOf(item, index).map((reason) => `${dateOf(version.from)} ${reason}`));
}

const JANUARY = file('january.xlsx', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5));
const FEBRUARY = file('february.xlsx', row('2022-02-28', 'x', 12), row('2022-02-28', 'y', 5));
const MARCH = file('march.xlsx', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 6));
const APRIL = file('april.xlsx', row('2022-04-28', 'x', 10));

describe('the reasons of a version', () => {
  test('name file, sheet, row and rule, and the arithmetic of a placeholder', async () => {
    const world = await after({}, JANUARY, APRIL, FEBRUARY);
    expect(await reasons(world, 'x')).toEqual([
      '2022-01-28 rule 1: first observed in batch 1, january.xlsx, sheet "Sheet1" row 2',
      '2022-02-28 rule 2: Amount from 10 to 12: observed in batch 3, february.xlsx, sheet "Sheet1" row 2',
      '2022-03-31 rule 3: 2022-02-28 (batch 3, february.xlsx) holds for 31 days, to 2022-03-31; the next submission is of 2022-04-28 (batch 2, april.xlsx)',
      '2022-03-31 rule 4: nothing is submitted behind 2022-04-28 yet, so it stands',
      '2022-04-28 rule 2: observed again after the silence in batch 2, april.xlsx, sheet "Sheet1" row 2',
    ]);
    expect((await reasons(world, 'y')).slice(-1)).toEqual(['2022-04-28 rule 1: missing from the submission of 2022-04-28 (batch 2, april.xlsx): Amount 0']);
  });

  test('say where rule 4 took a placeholder away', async () => {
    const world = await after({ placeholderReplaceCoverage: 0.5 }, JANUARY, APRIL, MARCH);
    expect(await reasons(world, 'x')).toEqual([
      '2022-01-28 rule 1: first observed in batch 1, january.xlsx, sheet "Sheet1" row 2',
      '2022-01-28 no placeholder from 2022-02-28 to 2022-03-28, by rule 4: 2022-03-28 covers 31 days, to 2022-04-28, of the 59 from 2022-02-28 to the next submission of 2022-04-28 = 52.5 %, at least 50 %',
      '2022-03-28 rule 2: Amount from 10 to 12: observed in batch 3, march.xlsx, sheet "Sheet1" row 2',
      '2022-04-28 rule 2: Amount from 12 to 10: observed in batch 2, april.xlsx, sheet "Sheet1" row 2',
    ]);
  });

  test('say why rule 4 left a placeholder', async () => {
    const world = await after({}, JANUARY, APRIL, MARCH);
    expect((await reasons(world, 'x')).filter((reason) => reason.includes('rule 4'))).toEqual([
      '2022-02-28 rule 4: 2022-03-28 covers 31 days, to 2022-04-28, of the 59 from 2022-02-28 to the next submission of 2022-04-28 = 52.5 %, less than 80 %, so it stands',
    ]);
  });

  test('name what was said again, and by whom else', async () => {
    const world = await after({}, JANUARY, file('copy.xlsx', row('2022-01-28', 'x', 10)), file('later.xlsx', row('2022-02-10', 'x', 10)), file('last.xlsx', row('2022-02-20', 'x', 10)));
    expect(await reasons(world, 'x')).toEqual([
      '2022-01-28 rule 1: first observed in batch 1, january.xlsx, sheet "Sheet1" row 2',
      '2022-01-28 the same in batch 2, copy.xlsx, sheet "Sheet1" row 2',
      '2022-01-28 observed again with the same values 2 times, last on 2022-02-20 in batch 4, last.xlsx, sheet "Sheet1" row 2',
    ]);
  });

  test('say what became of a row that does not count', async () => {
    const world = await after({}, JANUARY, APRIL, file('may.xlsx', unreadable('2022-04-28', 'y'), row('2022-04-28', 'z', 1)));
    expect((await reasons(world, 'y')).slice(-1)).toEqual(['2022-04-28 rule 1: as before the silence; what batch 3, may.xlsx, sheet "Sheet1" row 2 said failed']);
    const [{ last_at }] = await world.database.reader.rows<{ last_at: string }>('select last_at from change_counter') as [{ last_at: string }];
    await carryOut(world, { kind: 'deleteRecord', batchId: 2, row: 2 });
    expect((await reasons(world, 'x')).slice(-1)).toEqual(['2022-04-28 rule 1: as before the silence; what batch 2, april.xlsx, sheet "Sheet1" row 2 said was deleted']);
    expect((await reasons(world, 'x', last_at)).slice(-1)).toEqual(['2022-04-28 rule 2: observed again after the silence in batch 2, april.xlsx, sheet "Sheet1" row 2']);
  });

  test('say that a missing item was kept where the policy says so', async () => {
    const world = await after({ missingItems: 'keep' }, JANUARY, APRIL);
    expect((await reasons(world, 'y')).slice(-1)).toEqual(['2022-04-28 rule 1: missing from the submission of 2022-04-28 (batch 2, april.xlsx): as before']);
  });
});
