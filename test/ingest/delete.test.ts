import { afterAll, describe, expect, test } from '@jest/globals';
import { deleteBatch, deleteRecord, deleteVersion } from '../../src/ingest/delete.js';
import { rehearse } from '../../src/store/rehearsal.js';
import { file, POLICY, row, unreadable } from '../model/fixtures.js';
import type { ModelPolicy } from '../model/types.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

const [FIRST, SECOND, THIRD] = ['2022-01-28', '2022-02-28', '2022-06-28'];

describe.each(ENGINES)('on $name', (engine) => {
  const worlds = new Worlds(engine);
  afterAll(worlds.close);
  const open = async (changes: Partial<ModelPolicy> = {}): Promise<World> => worlds.open({ ...POLICY, ...changes });

  describe('deleting a batch', () => {
    test('says what changed, and what other files had been told because of it: failed rows, files in Error, Duplicates', async () => {
      const world = await open({ maxFailureRatio: 0.5 });
      const feb = file('feb.xlsx', row(SECOND, 'x', 2), row(SECOND, 'y', 2));
      await world.drop(file('jan.xlsx', row(FIRST, 'x', 1), row(FIRST, 'z', 1)));
      const id = await world.drop(feb);
      await world.drop(file('one-bad.xlsx', row(SECOND, 'x', 3), row(SECOND, 'w', 3)));
      await world.drop(file('all-bad.xlsx', row(SECOND, 'x', 4), row(SECOND, 'y', 4)));
      await world.drop({ ...feb, name: 'copy.xlsx' });
      expect(await deleteBatch(world.database, id)).toEqual({
        batch: id, filename: 'feb.xlsx', status: 'Complete', accounts: 1,
        // x stays what it was and z is still missing from one-bad.xlsx; only y is gone.
        effects: { zeroed: 0, placeholdersInserted: 0, placeholdersReplaced: 0 }, written: { inserted: 0, updated: 2, removed: 2 },
        blamed: {
          rows: [{ batch_id: 3, filename: 'one-bad.xlsx', row_number: 2 }],
          refused: [{ id: 4, filename: 'all-bad.xlsx', rows: 2 }],
          duplicates: [{ id: 5, filename: 'copy.xlsx' }],
        },
      });
      await world.retry(4);
      expect(await statuses(world)).toEqual(['Complete', 'Deleted', 'Complete', 'Complete', 'Duplicate']);
    });

    test('is not fooled by a file whose name and cells read like a contradiction of another batch', async () => {
      const world = await open();
      const id = await world.drop(file('jan.xlsx', row(FIRST, 'x', 1)));
      await world.drop(file('but batch 1 (jan.xlsx) row 2 says.xlsx', { ...unreadable(FIRST, 'but batch 1 ('), company: 'but batch 1 (jan.xlsx)' }, row(FIRST, 'y', 1)));
      expect((await deleteBatch(world.database, id)).blamed.rows).toEqual([]);
    });

    test('only marks a batch of which nothing is on record', async () => {
      const world = await open({ maxFailureRatio: 0 });
      const jan = file('jan.xlsx', row(FIRST, 'x', 1));
      await world.drop(jan);
      const duplicate = await world.drop({ ...jan, name: 'copy.xlsx' });
      const failed = await world.drop(file('bad.xlsx', row(FIRST, 'x', 2)));
      const before = await world.chains();
      for (const [id, status] of [[duplicate, 'Duplicate'], [failed, 'Error']] as const) {
        expect(await deleteBatch(world.database, id)).toMatchObject({ status, accounts: 0, written: { inserted: 0, updated: 0, removed: 0 } });
      }
      expect(await statuses(world)).toEqual(['Complete', 'Deleted', 'Deleted']);
      expect(await world.chains()).toEqual(before);
    });

    test('refuses a batch that is still being staged, and one that there is not', async () => {
      const world = await open();
      const { id } = await world.stage(file('jan.xlsx', row(FIRST, 'x', 1)));
      await expect(deleteBatch(world.database, id)).rejects.toThrow('batch 1 (jan.xlsx) is still being read; delete it when it has ended');
      await expect(deleteBatch(world.database, 9)).rejects.toThrow('there is no batch 9');
    });

    test('flags every row, also those whose account could not be read', async () => {
      const world = await open();
      const id = await world.drop(file('jan.xlsx', row(FIRST, 'x', 1), { ...unreadable(FIRST, 'y'), account: null }, { ...unreadable(FIRST, 'z'), date: null }));
      await deleteBatch(world.database, id);
      expect(await world.database.reader.rows('select 1 from stage_record where not is_deleted or deleted_at is null')).toEqual([]);
    });

    test('of which nothing was applied yet leaves the chains alone, and a daemon that was about to apply it, too', async () => {
      const world = await open();
      const { id } = await world.stage(file('jan.xlsx', row(FIRST, 'x', 1)));
      await world.admit(id);
      await deleteBatch(world.database, id);
      await world.apply(id);
      expect([await world.chains(), await statuses(world)]).toEqual([[], ['Deleted']]);
    });

    test('takes its places in the order of all changes, also where the clock was set back', async () => {
      let now = Date.parse('2024-05-01T12:00:00Z');
      const world = await worlds.open(POLICY, () => now);
      const id = await world.drop(file('jan.xlsx', row(FIRST, 'x', 1)));
      now -= 3_600_000;
      await deleteBatch(world.database, id);
      const [batch] = await world.database.reader.rows<Record<string, string>>(
        'select applied_at, removed_at, b.deleted_at from batch_account join stage_batch b on b.id = batch_id');
      expect([batch!['applied_at']! < batch!['deleted_at']!, batch!['deleted_at']! < batch!['removed_at']!]).toEqual([true, true]);
    });
  });

  describe('deleting the record of a version', () => {
    test('voids the item there with every exact repeat; a new row is then accepted', async () => {
      const world = await open();
      await world.drop(file('jan.xlsx', row(FIRST, 'x', 1)));
      await world.drop(file('feb.xlsx', row(SECOND, 'x', 2)));
      await world.drop(file('again.xlsx', row(SECOND, 'x', 2), row(SECOND, 'y', 2)));
      const deletion = await deleteVersion(world.database, await versionAt(world, 'x', SECOND));
      expect(deletion.records.map(({ batch_id, row_number }) => [batch_id, row_number])).toEqual([[2, 2], [3, 2]]);
      expect(deletion.written).toEqual({ inserted: 0, updated: 1, removed: 1 });
      await world.drop(file('mended.xlsx', row(SECOND, 'x', 3)));
      expect((await world.chains())[0]!.versions.map(({ from, amount }) => [from, amount])).toEqual([[FIRST, 1], [SECOND, 3]]);
    });

    test('is refused where no record started the version, with what to do instead', async () => {
      const world = await open();
      await world.drop(file('jan.xlsx', row(FIRST, 'x', 1), row(FIRST, 'y', 1)));
      await world.drop(file('june.xlsx', row(THIRD, 'y', 1), unreadable(THIRD, 'x'), row(THIRD, 'z', 1)));
      await world.drop(file('july.xlsx', row('2022-07-01', 'y', 1), row('2022-07-01', 'x', 1)));
      const refusal = async (item: string, from: string): Promise<string> =>
        deleteVersion(world.database, await versionAt(world, item, from)).then(() => 'deleted', (error: Error) => error.message);
      expect(await refusal('x', '2022-02-28')).toMatch(/^version \d+ \(CL-9 \/ x, 2022-02-28 to 2022-06-28\) is a placeholder: .* batch 2 \(june\.xlsx\), scd-inbox delete --batch 2$/u);
      expect(await refusal('z', '2022-07-01')).toMatch(/is zero because the item was missing from what was submitted for 2022-07-01, .* batch 3 \(july\.xlsx\), scd-inbox delete --batch 3$/u);
      expect(await refusal('x', THIRD)).toMatch(/carries on what was known before, .* batch 2 \(june\.xlsx\), scd-inbox delete --batch 2$/u);
      await expect(deleteVersion(world.database, 99)).rejects.toThrow('there is no version 99');
      const gone = await versionAt(world, 'z', THIRD);
      await deleteVersion(world.database, gone);
      await expect(deleteVersion(world.database, gone)).rejects.toThrow('is not part of the history any more');
    });

    test('is refused for a row that is not on record, saying why', async () => {
      const world = await open({ maxFailureRatio: 0.5 });
      await world.drop(file('jan.xlsx', row(FIRST, 'x', 1), unreadable(FIRST, 'y')));
      await world.drop(file('bad.xlsx', row(FIRST, 'x', 2)));
      await expect(deleteRecord(world.database, 2)).rejects.toThrow('record 2 is not on record: it failed; scd-inbox errors 1 says why');
      await expect(deleteRecord(world.database, 3)).rejects.toThrow('record 3 is not on record: its batch 2 is Error, nothing of it was loaded');
      await deleteRecord(world.database, 1);
      await expect(deleteRecord(world.database, 1)).rejects.toThrow('record 1 is not on record: it is deleted already');
      await expect(deleteRecord(world.database, 77)).rejects.toThrow('record 77 is not on record: there is no such row');
    });
  });

  describe('a rehearsed deletion', () => {
    test('says what the real one does and changes nothing, in the database or in the counters of its changes', async () => {
      const world = await open();
      const id = await world.drop(file('jan.xlsx', row(FIRST, 'x', 1), row(FIRST, 'y', 1, { account: 'CL-8' })));
      await world.drop(file('june.xlsx', row(THIRD, 'x', 2)));
      const before = await everything(world);
      const said = await rehearse(world.database, async (store) => deleteBatch(store, id));
      expect(await everything(world)).toEqual(before);
      expect(await deleteBatch(world.database, id)).toEqual(said);
      expect(said).toMatchObject({ accounts: 2, effects: { placeholdersReplaced: 1 }, written: { removed: 3 } });
    });
  });

  async function statuses(world: World): Promise<string[]> {
    const rows = await world.database.reader.rows<{ batch_status: string }>('select batch_status from stage_batch order by id');
    return rows.map(({ batch_status }) => batch_status);
  }

  async function versionAt(world: World, reference: string, from: string): Promise<number> {
    const rows = await world.database.reader.rows<{ id: number }>(
      'select id from master_record where external_reference = ? and from_date = ? and not is_deleted', [reference, from]);
    return rows[0]!.id;
  }

  async function everything(world: World): Promise<unknown> {
    return Promise.all(['stage_batch', 'stage_record', 'batch_account', 'master_record', 'client_account', 'change_counter']
      .map(async (name) => world.database.reader.rows(`select * from ${name}`)));
  }
});
