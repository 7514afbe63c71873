/** Admission, soft deletion and failed rows: what is on record, and what only names an item. */

import { after, day, drawn, file, row, unreadable, x } from './fixtures.js';

describe('admission', () => {
  it('lets a fifth of the rows fail and not more', () => {
    const good = [1, 2, 3, 4].map((n) => row(day(n), 'x', 1));
    const bad = unreadable(day(9), 'y');
    expect(after({ maxFailureRatio: 0.2 }, file('1', ...good, bad)).batch(1).status).toBe('Complete');
    expect(after({ maxFailureRatio: 0.2 }, file('1', ...good.slice(1), bad)).batch(1).status).toBe('Error');
  });

  it('refuses a file without rows and one without a good row, however many may fail', () => {
    const model = after({}, file('1'), file('2', unreadable(day(1), 'x')));
    expect(model.batches().map((batch) => batch.status)).toEqual(['Error', 'Error']);
  });

  it('lets the first stand and names it, and compares the next row with what stands', () => {
    const rows = [row(day(1), 'x', 1), row(day(1), 'x', 2), row(day(1), 'x', 1)];
    const model = after({}, file('1', ...rows), file('2', row(day(1), 'x', 2), row(day(2), 'x', 1)));
    expect(model.batch(1)).toMatchObject({ success: 2, failure: 1, repeated: 1 });
    expect(model.batch(1).rows[1]).toMatchObject({ status: 'Failed', contradicts: { batchId: 1, row: 2 } });
    expect(model.batch(2).rows[0]).toMatchObject({ status: 'Failed', contradicts: { batchId: 1, row: 2 } });
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
  });

  it('takes another company name for a contradiction', () => {
    const model = after({}, x(1, 1), file('2', row(day(1), 'x', 1, { company: 'Bolt' }), row(day(1), 'y', 1)));
    expect(model.batch(2).rows[0]).toMatchObject({ status: 'Failed', contradicts: { batchId: 1, row: 2 } });
  });

  it('holds the same content for a duplicate while the first is live, and for a new file afterwards', () => {
    const model = after({}, x(1, 1), { ...x(1, 1), name: 'copy' });
    expect(model.batch(2)).toMatchObject({ status: 'Duplicate', duplicateOf: 1, total: 0 });
    model.deleteBatch(1);
    expect(model.drop(x(1, 1))).toMatchObject({ id: 3, status: 'Complete' });
    expect(() => model.retry(2)).toThrow('cannot be retried');
  });

  it('retries a batch in Error under its own id, admitted as the latest', () => {
    const refused = file('2', row(day(1), 'x', 2));
    const model = after({}, x(1, 1), refused);
    expect(model.batch(2).status).toBe('Error');
    model.deleteBatch(1);
    model.drop(file('3', row(day(1), 'x', 2), row(day(1), 'y', 1)));
    expect(model.drop(refused)).toMatchObject({ id: 2, status: 'Complete', repeated: 1 });
    expect(model.chain('CL-9', 'x')).toMatchObject([{ batchId: 3 }]);
  });
});

describe('soft deletion', () => {
  const w = (n: number) => file(`w-${n}`, row(day(n), 'w', n));

  it('of a record leaves the item void there, not missing, and the submission stands', () => {
    const model = after({}, x(1, 1), x(5, 2), w(5));
    expect(model.deleteRecord(2, 2)).toBe(1);
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
    expect(model.submissions('CL-9')).toEqual([day(1), day(5)]);
  });

  it('of a record takes every repeat of it, and lets another row in', () => {
    const model = after({}, x(1, 1), x(5, 2), file('again', row(day(5), 'x', 2), row(day(5), 'w', 1)));
    expect(model.deleteRecord(3, 2)).toBe(2);
    expect(model.batch(2).rows[0]).toMatchObject({ deleted: true });
    model.drop(x(5, 3));
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 3`]);
  });

  it('of the only record of an item leaves no chain', () => {
    const model = after({}, x(1, 1));
    model.deleteRecord(1, 2);
    expect(model.accounts()).toEqual([]);
    expect(model.submissions('CL-9')).toEqual([day(1)]);
  });

  it('of a batch leaves what another batch repeated, and the item missing where nothing names it any more', () => {
    const model = after({}, x(1, 1), x(5, 2), file('again', row(day(5), 'x', 2), row(day(5), 'w', 1)), w(5));
    model.deleteBatch(2);
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 2`]);
    model.deleteBatch(3);
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
  });

  it('of a batch leaves failed the rows that failed against it, and the item void where they name it', () => {
    const model = after({}, x(1, 1), x(5, 2), file('3', row(day(5), 'x', 3), row(day(5), 'w', 1)));
    model.deleteBatch(2);
    expect(model.batch(3).rows[0]).toMatchObject({ status: 'Failed', contradicts: { batchId: 2, row: 2 } });
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
  });
});

describe('a failed row whose item and date could be read', () => {
  it('makes its item void in a submission of any batch', () => {
    const model = after({}, x(1, 1), file('2', row(day(5), 'w', 1)));
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 0 missing`]);
    model.drop(file('3', unreadable(day(5), 'x'), row(day(6), 'x', 1)));
    expect(drawn(model, 'x')).toEqual([`${day(1)}.. 1`]);
    model.deleteBatch(3);
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 0 missing`]);
  });

  it('makes no submission by itself, and names nothing if its batch was refused', () => {
    const model = after({}, x(1, 1), file('2', unreadable(day(3), 'x'), row(day(5), 'w', 1)));
    expect(model.submissions('CL-9')).toEqual([day(1), day(5)]);
    model.drop(file('3', unreadable(day(5), 'x')));
    expect(drawn(model, 'x')).toEqual([`${day(1)}..${day(5)} 1`, `${day(5)}.. 0 missing`]);
  });
});
