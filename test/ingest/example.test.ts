import { afterAll, describe, expect, test } from '@jest/globals';
import { file, POLICY, row } from '../model/fixtures.js';
import type { ModelFile } from '../model/types.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

/** The chain of an item of CL-9, a line for each version. */
async function chain(world: World, reference: string): Promise<string[]> {
  const found = (await world.chains()).find((candidate) => candidate.reference === reference);
  return (found?.versions ?? []).map(({ from, to, amount, isPlaceholder, isMissing }) =>
    `${from} ${to ?? 'open'} ${isPlaceholder ? 'placeholder' : amount}${isMissing ? ' missing' : ''}`);
}

const JANUARY = file('january', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5));
const APRIL = file('april', row('2022-04-28', 'x', 10));
const FEBRUARY = file('february', row('2022-02-28', 'x', 12), row('2022-02-28', 'y', 5));
const MARCH = file('march', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 6));

describe.each(ENGINES)('the worked example on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);

  test('has these chains after every file', async () => {
    const world = await open(POLICY);
    const story: [ModelFile, string[], string[]][] = [
      [JANUARY, ['2022-01-28 open 10'], ['2022-01-28 open 5']],
      [APRIL,
        ['2022-01-28 2022-02-28 10', '2022-02-28 2022-04-28 placeholder', '2022-04-28 open 10'],
        ['2022-01-28 2022-02-28 5', '2022-02-28 2022-04-28 placeholder', '2022-04-28 open 0 missing']],
      [FEBRUARY,
        ['2022-01-28 2022-02-28 10', '2022-02-28 2022-03-31 12', '2022-03-31 2022-04-28 placeholder', '2022-04-28 open 10'],
        ['2022-01-28 2022-03-31 5', '2022-03-31 2022-04-28 placeholder', '2022-04-28 open 0 missing']],
      [MARCH,
        ['2022-01-28 2022-02-28 10', '2022-02-28 2022-04-28 12', '2022-04-28 open 10'],
        ['2022-01-28 2022-03-28 5', '2022-03-28 2022-04-28 6', '2022-04-28 open 0 missing']],
    ];
    for (const [dropped, x, y] of story) {
      await world.drop(dropped);
      expect([await chain(world, 'x'), await chain(world, 'y')]).toEqual([x, y]);
    }
  });

  test('ends the same when the files come backwards', async () => {
    const [forwards, backwards] = [await open(POLICY), await open(POLICY)];
    for (const dropped of [JANUARY, FEBRUARY, MARCH, APRIL]) await forwards.drop(dropped);
    for (const dropped of [APRIL, MARCH, FEBRUARY, JANUARY]) await backwards.drop(dropped);
    expect(await backwards.chains()).toEqual(await forwards.chains());
  });
});

describe.each(ENGINES)('late news on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);

  test('between two equal observations give A, B, A: the unchanged one was evidence', async () => {
    const world = await open(POLICY);
    await world.drop(file('january', row('2022-01-28', 'x', 1)));
    await world.drop(file('march', row('2022-02-27', 'x', 1)));
    expect(await chain(world, 'x')).toEqual(['2022-01-28 open 1']);
    await world.drop(file('late', row('2022-02-10', 'x', 2)));
    expect(await chain(world, 'x')).toEqual(['2022-01-28 2022-02-10 1', '2022-02-10 2022-02-27 2', '2022-02-27 open 1']);
  });
});

describe.each(ENGINES)('admission on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);

  test('fails a row that contradicts what is on record, naming batch, file and row, and lets the first stand', async () => {
    const world = await open(POLICY);
    await world.drop(file('first.xlsx', row('2022-01-28', 'x', 1)));
    const id = await world.drop(file('second.xlsx', row('2022-01-28', 'x', 2), row('2022-01-28', 'y', 3)));
    const rows = await world.database.reader.rows<{ error: string }>("select error from stage_record where batch_id = ? and process_status = 'Failed'", [id]);
    expect(rows.map(({ error }) => error)).toEqual([
      'sheet "Sheet1" row 2, Amount: found "2", but batch 1 (first.xlsx) row 2 says "1" of the same item and date; row not loaded. '
      + 'Delete that record first if this row is right, then submit it again',
    ]);
    expect(await chain(world, 'x')).toEqual(['2022-01-28 open 1']);
  });

  test('ends a Duplicate in Error with the batch that it names', async () => {
    const world = await open({ ...POLICY, maxFailureRatio: 0 });
    const bad = file('bad.xlsx', row('2022-01-28', 'x', 1), row('2022-01-28', 'x', 2));
    const first = await world.stage(bad);
    const second = await world.stage({ ...bad, name: 'copy.xlsx' });
    expect(second.batch_status).toBe('Duplicate');
    await world.finish(first.id);
    expect(await world.database.reader.rows('select id, batch_status from stage_batch order by id'))
      .toEqual([{ id: first.id, batch_status: 'Error' }, { id: second.id, batch_status: 'Error' }]);
    expect(await world.drop(bad)).toBe(first.id);
  });
});
