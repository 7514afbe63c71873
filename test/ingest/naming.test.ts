import { afterAll, describe, expect, test } from '@jest/globals';
import { Naming } from '../../src/ingest/naming.js';
import { namedBy } from '../../src/store/named.js';
import type { Queryable } from '../../src/store/queryable.js';
import { stageRows } from '../../src/store/records.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES } from '../support/engines.js';
import { Worlds } from '../support/world.js';

describe.each(ENGINES)('what rows name, counted while more are staged, on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);

  test('is what counting all of them at the end says', async () => {
    const world = await open(POLICY);
    const { id } = await world.stage(file('a', row('2022-02-28', 'x', 1, { account: 'CL-2' }), row('2022-01-31', 'x', 1)));
    const naming = new Naming(world.database.reader, id);
    for (const chunk of [[['2022-02-28', 'CL-2', 'y'], ['2022-03-31', 'CL-3', 'x']], [['2022-01-31', 'CL-1', 'z'], [null, 'CL-2', 'x'], ['2022-02-28', 'CL-2', 'z']]]) {
      naming.goOn();
      const json = JSON.stringify(chunk.map((values, index) => [index, ...values, 'Acme', 1, 'Cash', values[0] === null ? 'no date' : null, null, null]));
      await world.database.write(async (tx) => stageRows(tx, id, { sheet: 'Sheet1', json, failed: 1 }));
    }
    const named = await naming.all();
    expect(named).toEqual(await namedBy(world.database.reader, id));
    expect(named.find(({ account, date }) => account === 'CL-2' && date === '2022-02-28')).toMatchObject({ total: 3, failed: 0, items: 3 });
    expect(named).toContainEqual({ account: 'CL-2', date: null, total: 1, failed: 1, items: 1 });
  });

  test('is counted from where it stood when a count fails on the way, and not said where the last one fails', async () => {
    const world = await open(POLICY);
    const { id } = await world.stage(file('a', row('2022-02-28', 'x', 1), row('2022-02-28', 'y', 1)));
    let failures = 1;
    const failing: Queryable = {
      ...world.database.reader,
      rows: async (sql, params) => (failures-- > 0 ? Promise.reject(new Error('the connection is gone')) : world.database.reader.rows(sql, params)),
    };
    const naming = new Naming(failing, id);
    naming.goOn();
    expect(await naming.all()).toEqual([{ account: 'CL-9', date: '2022-02-28', total: 2, failed: 0, items: 2 }]);
    failures = 1;
    await expect(naming.all()).rejects.toThrow('the connection is gone');
  });
});
