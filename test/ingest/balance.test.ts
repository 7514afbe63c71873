import { afterEach, describe, expect, test } from '@jest/globals';
import { deleteBatch, deleteRecord } from '../../src/ingest/delete.js';
import { SAMPLES, sampleWorkbook } from '../../src/demo/samples.js';
import { Database } from '../../src/store/database.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES, type Engine } from '../support/engines.js';
import { Pass } from '../support/pass.js';
import { bookOf, HEADINGS } from '../support/workbooks.js';
import { World } from '../support/world.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => { for (const each of open.splice(0)) await each.close(); });

/** The daemon on a database that loses rows: the trigger is as real as a fault can be made. */
async function losing(engine: Engine, loss: Loss): Promise<Pass> {
  const pass = await Pass.create({}, engine);
  open.push(pass);
  const database = await Database.open(pass.settings.database);
  await database.write(async (tx) => { for (const statement of triggerOf(engine, loss)) await tx.rows(statement); });
  await database.close();
  return pass;
}

interface Loss {
  readonly at: string;
  readonly when: string;
  /** Instead of what was to be done, nothing; or beside it, this. */
  readonly then?: string;
}

const LOSE_ROW = 'delete from stage_record where row_number = 4';

function triggerOf({ name }: Engine, { at, when, then }: Loss): string[] {
  if (name === 'SQLite') return [`create trigger lose ${at} when ${when} begin ${then ?? 'select raise(ignore)'}; end`];
  const [body, result] = then === undefined ? ['', 'null'] : [`${then};`, 'new'];
  return [
    `create function lose() returns trigger language plpgsql as $$begin ${body} return ${result}; end$$`,
    `create trigger lose ${at} for each row when (${when}) execute function lose()`,
  ];
}

const JANUARY = sampleWorkbook(SAMPLES[0]!.date, SAMPLES[0]!.lines);

describe.each(ENGINES)('the balance of a batch on $name', (engine) => {
  test('refuses a file of which a row was lost between reading and staging, naming the numbers; nothing is on record', async () => {
    const pass = await losing(engine, { at: 'before insert on stage_record', when: 'new.row_number = 4' });
    const batch = await pass.take('a.xlsx', JANUARY);
    expect([batch.batch_status, batch.error]).toEqual(['Error', 'the rows do not balance: 10 were read (0 of them failed), 9 are staged (0 failed): '
      + 'a row was lost, which must not happen; nothing was loaded. Drop the file again']);
    expect(await pass.rows('select 1 from master_record')).toEqual([]);
    expect(await pass.rows("select 1 from stage_record where process_status = 'Processed'")).toEqual([]);
  });

  test('refuses one of many rows, too, of which one is gone when all are staged', async () => {
    const pass = await losing(engine, { at: 'after insert on stage_record', when: 'new.row_number = 10400', then: LOSE_ROW });
    const rows = Array.from({ length: 10_500 }, (_, index) => ['2022-01-28', 'CL-1', `R${index}`, 'Acme', index, 'Cash']);
    const batch = await pass.take('a.xlsx', bookOf([HEADINGS, ...rows], 'xlsx'));
    expect([batch.batch_status, batch.error]).toEqual(['Error', expect.stringContaining('10500 were read (0 of them failed), 10499 are staged (0 failed)')]);
    expect(await pass.rows('select 1 from master_record')).toEqual([]);
  });

  test('refuses a file of which a failed row lies there as a sound one', async () => {
    const pass = await losing(engine, { at: 'after insert on stage_record', when: "new.process_status = 'Failed'", then: "update stage_record set process_status = 'Unprocessed'" });
    const rows = Array.from({ length: 10 }, (_, index) => ['2022-01-28', 'CL-1', `R${index}`, 'Acme', index === 4 ? 'n/a' : index, 'Cash']);
    const batch = await pass.take('a.xlsx', bookOf([HEADINGS, ...rows], 'xlsx'));
    expect([batch.batch_status, batch.error]).toEqual(['Error', expect.stringContaining('10 were read (1 of them failed), 10 are staged (0 failed)')]);
    expect(await pass.rows('select 1 from master_record')).toEqual([]);
  });

  test('does not call a batch Complete of which a row was lost after it was admitted, and says so with the numbers', async () => {
    const pass = await losing(engine, { at: 'after update on stage_batch', when: "new.batch_status = 'Ready' and old.batch_status = 'In Progress'", then: LOSE_ROW });
    await pass.take('a.xlsx', JANUARY);
    expect(await pass.rows('select batch_status from stage_batch')).toEqual([{ batch_status: 'Ready' }]);
    expect(pass.lines.find((line) => line.includes('does not balance'))).toContain(
      'batch 1 does not balance: success_count: 10 by its totals, 9 by its rows; total_count: 10 by its totals, 9 by its rows. It is not Complete');
  });

  test('does not call a batch Complete of which a row was not marked', async () => {
    const pass = await losing(engine, { at: 'before update on stage_record', when: "new.row_number = 4 and new.process_status = 'Processed'" });
    await pass.take('a.xlsx', JANUARY);
    expect(await pass.rows('select batch_status from stage_batch')).toEqual([{ batch_status: 'Ready' }]);
    expect(pass.lines.join('\n')).toContain('neither processed nor failed: 0 by its totals, 1 by its rows');
  });

  test('lets a batch that did not balance be deleted, and its file be dropped again', async () => {
    const pass = await losing(engine, { at: 'after update on stage_batch', when: "new.batch_status = 'Ready' and new.id = 1", then: LOSE_ROW });
    await pass.take('a.xlsx', JANUARY);
    const database = await Database.open(pass.settings.database);
    await deleteBatch(database, 1);
    await database.close();
    expect(await pass.take('b.xlsx', JANUARY)).toMatchObject({ batch_status: 'Complete', total_count: 10, add_count: 10 });
  });

  test('counts a row that was deleted on its own before its turn came as neither processed nor lost', async () => {
    const world = await World.open(POLICY, undefined, engine);
    open.push(world);
    const { id } = await world.stage(file('a', row('2022-01-28', 'x', 1), row('2022-01-28', 'y', 2)));
    await world.admit(id);
    const [first] = await world.database.reader.rows<{ id: number }>('select id from stage_record order by id');
    await deleteRecord(world.database, first!.id);
    await world.apply(id);
    expect(await world.database.reader.rows('select batch_status, success_count, add_count from stage_batch')).toEqual(
      [{ batch_status: 'Complete', success_count: 2, add_count: 1 }]);
  });
});
