/** The worked example of the rules, file by file and in every order, and the story of the late B. */

import { actions, after, drawn, file, row } from './fixtures.js';

const january = file('january', row('2022-01-28', 'x', 10), row('2022-01-28', 'y', 5));
const april = file('april', row('2022-04-28', 'x', 10));
const february = file('february', row('2022-02-28', 'x', 12), row('2022-02-28', 'y', 5));
const march = file('march', row('2022-03-28', 'x', 12), row('2022-03-28', 'y', 6));

const FINAL_X = ['2022-01-28..2022-02-28 10', '2022-02-28..2022-04-28 12', '2022-04-28.. 10'];
const FINAL_Y = ['2022-01-28..2022-03-28 5', '2022-03-28..2022-04-28 6', '2022-04-28.. 0 missing'];

function permutations<T>(values: readonly T[]): T[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, i) => permutations(values.toSpliced(i, 1)).map((rest) => [value, ...rest]));
}

describe('the worked example', () => {
  it('starts a version of each item with the first file', () => {
    const model = after({}, january);
    expect(drawn(model, 'x')).toEqual(['2022-01-28.. 10']);
    expect(drawn(model, 'y')).toEqual(['2022-01-28.. 5']);
    expect(actions(model, 1)).toEqual(['Add', 'Add']);
  });

  it('puts a placeholder before the second file and zeroes what it leaves out', () => {
    const model = after({}, january, april);
    expect(drawn(model, 'x')).toEqual([
      '2022-01-28..2022-02-28 10',
      '2022-02-28..2022-04-28 placeholder',
      '2022-04-28.. 10',
    ]);
    expect(drawn(model, 'y')).toEqual([
      '2022-01-28..2022-02-28 5',
      '2022-02-28..2022-04-28 placeholder',
      '2022-04-28.. 0 missing',
    ]);
    expect(actions(model, 2)).toEqual(['Append']);
    expect(model.batch(2)).toMatchObject({ zeroed: 1, placeholdersInserted: 2, placeholdersReplaced: 0 });
  });

  it('lets the late February file stand before the placeholder, and today stays as April said', () => {
    const model = after({}, january, april, february);
    expect(drawn(model, 'x')).toEqual([
      '2022-01-28..2022-02-28 10',
      '2022-02-28..2022-03-31 12',
      '2022-03-31..2022-04-28 placeholder',
      '2022-04-28.. 10',
    ]);
    expect(drawn(model, 'y')).toEqual([
      '2022-01-28..2022-03-31 5',
      '2022-03-31..2022-04-28 placeholder',
      '2022-04-28.. 0 missing',
    ]);
    expect(actions(model, 3)).toEqual(['Merge', 'Merge']);
  });

  it('closes the silence with the late March file', () => {
    const model = after({}, january, april, february, march);
    expect(drawn(model, 'x')).toEqual(FINAL_X);
    expect(drawn(model, 'y')).toEqual(FINAL_Y);
    expect(actions(model, 4)).toEqual(['Merge', 'Merge']);
    expect(model.batch(4)).toMatchObject({ zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 2 });
  });

  it('ends the same in all 24 orders', () => {
    const orders = permutations([january, april, february, march]);
    expect(orders).toHaveLength(24);
    for (const order of orders) {
      const model = after({}, ...order);
      expect(drawn(model, 'x')).toEqual(FINAL_X);
      expect(drawn(model, 'y')).toEqual(FINAL_Y);
    }
  });
});

describe('a late B between two As', () => {
  const a1 = file('a-1', row('2022-01-28', 'x', 10));
  const a3 = file('a-3', row('2022-02-20', 'x', 10));
  const b = file('b', row('2022-02-10', 'x', 11));

  it('leaves A, B and A again, though the second A had changed nothing', () => {
    const model = after({}, a1, a3, b);
    expect(actions(model, 2)).toEqual(['Unchanged']);
    expect(drawn(model, 'x')).toEqual(['2022-01-28..2022-02-10 10', '2022-02-10..2022-02-20 11', '2022-02-20.. 10']);
  });

  it('leaves one A once B is deleted', () => {
    const model = after({}, a1, a3, b);
    model.deleteBatch(3);
    expect(drawn(model, 'x')).toEqual(['2022-01-28.. 10']);
  });
});
