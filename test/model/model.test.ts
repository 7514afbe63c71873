/** The model at the boundaries of the rules, and the action of each kind. */

import { POLICY, actions, after, day, drawn, file, row, unreadable, x } from './fixtures.js';

describe('rule 3', () => {
  it('puts no placeholder where the next submission comes on the last valid day', () => {
    expect(drawn(after({ validityDays: 8 }, x(1, 1), x(9, 1)), 'x')).toEqual([`${day(1)}.. 1`]);
  });

  it('puts one of a single day where it comes a day later, and starts anew behind it', () => {
    expect(drawn(after({ validityDays: 8 }, x(1, 1), x(10, 1)), 'x')).toEqual([
      `${day(1)}..${day(9)} 1`,
      `${day(9)}..${day(10)} placeholder`,
      `${day(10)}.. 1`,
    ]);
  });

  it('takes no notice of silences before an item was first observed', () => {
    const model = after({ validityDays: 8 }, x(1, 1), file('z', row(day(30), 'z', 3)));
    expect(drawn(model, 'z')).toEqual([`${day(30)}.. 3`]);
  });

  it('goes by the validity of the account, of which there may be none', () => {
    const files = [x(1, 1), x(40, 1)];
    expect(drawn(after({ validityDays: 8, accountValidityDays: { 'CL-9': null } }, ...files), 'x')).toHaveLength(1);
    expect(drawn(after({ validityDays: null, accountValidityDays: { 'CL-9': 8 } }, ...files), 'x')).toHaveLength(3);
  });
});

describe('rule 4', () => {
  const placeholderBefore18 = [x(1, 1), x(19, 1)];

  it('replaces a placeholder of which a late submission covers exactly 0.8', () => {
    const model = after({ validityDays: 8 }, ...placeholderBefore18, x(11, 2));
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(11)} 1`, `${day(11)}..${day(19)} 2`, `${day(19)}.. 1`]);
    expect(actions(model, 3)).toEqual(['Replace']);
    expect(model.batch(3)).toMatchObject({ placeholdersInserted: 0, placeholdersReplaced: 1 });
  });

  it('leaves it standing where a day is wanting', () => {
    const model = after({ validityDays: 8 }, ...placeholderBefore18, x(12, 2));
    expect(drawn(model, 'x')).toEqual([
      `${day(1)}..${day(9)} 1`,
      `${day(9)}..${day(12)} placeholder`,
      `${day(12)}..${day(19)} 2`,
      `${day(19)}.. 1`,
    ]);
    expect(actions(model, 3)).toEqual(['Merge']);
  });

  it('counts the days that the submission is valid, not those until the next', () => {
    const model = after({ validityDays: 8 }, x(1, 1), x(22, 1), x(11, 2));
    expect(drawn(model, 'x')).toEqual([
      `${day(1)}..${day(9)} 1`,
      `${day(9)}..${day(11)} placeholder`,
      `${day(11)}..${day(19)} 2`,
      `${day(19)}..${day(22)} placeholder`,
      `${day(22)}.. 1`,
    ]);
    expect(model.batch(3)).toMatchObject({ placeholdersInserted: 0, placeholdersReplaced: 0 });
  });

  it('waits for the next submission where there is none yet', () => {
    const model = after({ validityDays: 8 }, x(1, 1), x(10, 1));
    expect(drawn(model, 'x')).toHaveLength(3);
    model.drop(x(18, 1));
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
    expect(actions(model, 3)).toEqual(['Merge']);
  });
});

describe('the value of an item', () => {
  it('carries the name of the latest observation in a version, and on over placeholders and zeroes', () => {
    const model = after(
      { validityDays: 8 },
      file('1', row(day(1), 'x', 1, { company: 'Acme' }), row(day(1), 'w', 1)),
      file('2', row(day(3), 'x', 1, { company: 'Acme Ltd' })),
      file('3', row(day(30), 'w', 1)),
    );
    expect(model.chain('CL-9', 'x').map((version) => version.company)).toEqual(['Acme Ltd', 'Acme Ltd', 'Acme Ltd']);
  });

  it('stays as before where it is missing and missing items are kept', () => {
    const model = after({ missingItems: 'keep' }, x(1, 7), file('w', row(day(5), 'w', 1)));
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 7`]);
  });

  it('keeps the term when it is zeroed, and runs on where it was zero already', () => {
    const model = after({}, x(1, 0, '7 Days'), file('w', row(day(5), 'w', 1)));
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 0 7 Days`]);
    expect(model.batch(2).zeroed).toBe(0);
  });

  it('is missing behind a placeholder as it was at the submission before, though it had joined a version', () => {
    const model = after(
      { validityDays: 8 },
      x(1, 0),
      file('w', row(day(5), 'w', 1)),
      file('v', row(day(30), 'w', 2), unreadable(day(30), 'x')),
    );
    expect(drawn(model, 'x')).toEqual([
      `${day(1)}..${day(13)} 0`,
      `${day(13)}..${day(30)} placeholder`,
      `${day(30)}.. 0 missing`,
    ]);
  });

  it('names the first-admitted batch at its date, and for a placeholder that of the submission that ended it', () => {
    const model = after(
      { validityDays: 8 },
      file('1', row(day(1), 'x', 1)),
      file('2', row(day(30), 'w', 1)),
      file('3', row(day(30), 'v', 1)),
      file('4', row(day(1), 'x', 1), row(day(1), 'u', 1)),
    );
    expect(model.chain('CL-9', 'x').map((version) => version.batchId)).toEqual([1, 2, 2]);
    expect(model.asOf(day(1)).map(({ reference, batchId }) => [reference, batchId])).toEqual([
      ['u', 4],
      ['x', 1],
    ]);
  });

  it('is read at a date by the version that covers it: from its first day, up to but not including its last', () => {
    const model = after({}, x(1, 1), x(5, 2));
    const amountAt = (n: number) => model.asOf(day(n), 'CL-9').map((item) => item.amount);
    expect([amountAt(0), amountAt(1), amountAt(4), amountAt(5)]).toEqual([[], [1], [1], [2]]);
  });
});

describe('what a row did', () => {
  it('adds the first and appends what starts a version behind all others', () => {
    const model = after({}, file('1', row(day(1), 'x', 1), row(day(9), 'x', 2), row(day(5), 'x', 1)));
    expect(actions(model, 1)).toEqual(['Add', 'Append', 'Unchanged']);
  });

  it('appends inside the last version, merges between two and before the first', () => {
    const model = after({}, x(5, 1), x(20, 1), x(10, 2), x(7, 3), x(3, 1));
    expect([2, 3, 4, 5].map((id) => actions(model, id))).toEqual([['Unchanged'], ['Append'], ['Merge'], ['Merge']]);
  });

  it('changes nothing where only the name is new', () => {
    const model = after({}, x(1, 1), file('2', row(day(5), 'x', 1, { company: 'Bolt' })));
    expect(actions(model, 2)).toEqual(['Unchanged']);
    expect(model.chain('CL-9', 'x').map((version) => version.company)).toEqual(['Bolt']);
  });

  it('merges where a missing zero turns into an observation of zero', () => {
    const model = after({}, x(1, 1), file('w', row(day(5), 'w', 1)), x(5, 0));
    expect(actions(model, 3)).toEqual(['Merge']);
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 0`]);
  });

  it('merges a row on the first day of a placeholder: it moves the placeholder, it does not replace it', () => {
    const model = after({ validityDays: 8 }, x(1, 1), x(17, 1), x(9, 1));
    expect(actions(model, 3)).toEqual(['Merge']);
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
    expect(model.batch(3).placeholdersReplaced).toBe(1);
  });

  it('goes by the submissions of a batch in date order, each whole, whatever the order of its rows', () => {
    const model = after({ validityDays: 8 }, file('1', row(day(19), 'x', 1), row(day(11), 'x', 2), row(day(1), 'x', 1)));
    expect(actions(model, 1)).toEqual(['Append', 'Append', 'Add']);
    expect(model.batch(1)).toMatchObject({ placeholdersInserted: 0, placeholdersReplaced: 0 });
  });

  it('says N/A of rows that failed and of those of a refused file', () => {
    const model = after({ maxFailureRatio: 0.2 }, file('1', row(day(1), 'x', 1), unreadable(day(1), 'y')));
    expect(model.batch(1)).toMatchObject({ status: 'Error', total: 2, success: 0, failure: 1 });
    expect(model.batch(1).rows).toMatchObject([
      { status: 'Unprocessed', action: 'N/A' },
      { status: 'Failed', action: 'N/A' },
    ]);
    expect(model.accounts()).toEqual([]);
  });
});

describe('a change of policy', () => {
  it('derives every chain again and leaves past outcomes as they were', () => {
    const model = after({ validityDays: 8 }, x(1, 1), x(30, 1));
    const outcomes = model.batches();
    model.setPolicy({ ...POLICY, validityDays: null });
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
    expect(model.batches()).toEqual(outcomes);
  });
});
