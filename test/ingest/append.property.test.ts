import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deleteBatch, deleteRecord } from '../../src/ingest/delete.js';
import { histories, policies } from '../model/arbitraries.js';
import type { ModelFile, ModelPolicy } from '../model/types.js';
import { ENGINES } from '../support/engines.js';
import { Worlds, type World } from '../support/world.js';

/**
 * Two worlds take the same files: one appends in SQL where it can, and applies files of one account in the transaction
 * that admits them; the other derives every chain, in a transaction for each account. The same for taking them back.
 */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);

/** Everything that applying wrote, but for the ids of versions. */
async function whole(world: World): Promise<object> {
  const db = world.database.reader;
  return {
    versions: await db.rows(
      `select client_account_id, external_reference, from_date, to_date, company_name, amount, term, is_placeholder, is_missing, is_deleted, batch_id
       from master_record order by 1, 2, 3, 4, is_deleted, amount, term, batch_id`),
    rows: await db.rows('select id, process_status, process_action, is_deleted from stage_record order by id'),
    batches: await db.rows(
      `select id, batch_status, attempts, error, add_count, append_count, unchanged_count, merge_count, replace_count, zeroed_count,
       placeholder_inserted_count, placeholder_replaced_count from stage_batch order by id`),
    accounts: await db.rows('select batch_id, client_account_id, applied_seq, removed_seq from batch_account order by 1, 2'),
  };
}

/** Files of months one behind the other, each without some of the items and with rows that cannot be read. */
function inOrder(): fc.Arbitrary<ModelFile[]> {
  const item = fc.record({
    account: fc.constantFrom('CL-1', 'CL-2'), reference: fc.constantFrom('a', 'b', 'c', 'd'), company: fc.constantFrom('Acme', 'Borealis'),
    amount: fc.constantFrom(0, 5, 10, null), term: fc.constantFrom('Cash', '7 Days'), unreadable: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
  });
  const month = fc.uniqueArray(item, { selector: ({ account, reference }) => `${account}/${reference}`, minLength: 1, maxLength: 8 });
  return fc.array(fc.tuple(month, fc.integer({ min: 1, max: 40 })), { minLength: 2, maxLength: 8 }).map((months) => {
    let day = Date.UTC(2024, 0, 1);
    return months.map(([items, gap], index) => {
      day += gap * 86_400_000;
      const date = new Date(day).toISOString().slice(0, 10);
      return { name: `${index}.xlsx`, rows: items.map((row, number) => ({ ...row, date, row: number + 2 })) };
    });
  });
}

describe.each(ENGINES)('appending in SQL on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  /** Two worlds that take the same files in the two ways. */
  async function both(policy: ModelPolicy): Promise<[fast: World, derived: World]> {
    const worlds: [World, World] = [await open(policy), await open(policy)];
    worlds[1].way = 'derive';
    return worlds;
  }

  test('writes what deriving writes, month after month', async () => {
    await fc.assert(fc.asyncProperty(policies(), inOrder(), async (policy, files) => {
      const [fast, derived] = await both({ ...policy, maxFailureRatio: 1 });
      for (const file of files) {
        await fast.drop(file);
        await derived.drop(file);
        expect(await whole(fast)).toEqual(await whole(derived));
      }
    }).afterEach(close), { numRuns });
  });

  test('writes what deriving writes in histories of any kind', async () => {
    await fc.assert(fc.asyncProperty(histories(), async ({ policy, files }) => {
      const [fast, derived] = await both(policy);
      for (const file of files) {
        await fast.drop(file);
        await derived.drop(file);
      }
      expect(await whole(fast)).toEqual(await whole(derived));
    }).afterEach(close), { numRuns });
  });

  /** Deletes a batch in both ways; both say and leave the same. */
  async function deleteInBoth([fast, derived]: readonly [World, World], batch: number): Promise<void> {
    expect(await deleteBatch(fast.database, batch, 'fast')).toEqual(await deleteBatch(derived.database, batch, 'derive'));
    expect(await whole(fast)).toEqual(await whole(derived));
  }

  test('is taken back as deriving takes it back, month before month', async () => {
    await fc.assert(fc.asyncProperty(policies(), inOrder(), fc.array(fc.nat({ max: 40 })), async (policy, files, voided) => {
      const worlds = await both({ ...policy, maxFailureRatio: 1 });
      for (const world of worlds) {
        for (const file of files) await world.drop(file);
        for (const row of voided) await deleteRecord(world.database, row).catch(notOnRecord);
      }
      for (let batch = files.length; batch > 0; batch -= 1) await deleteInBoth(worlds, batch);
    }).afterEach(close), { numRuns });
  });

  test('is taken back as deriving takes it back, from histories of any kind and in any order', async () => {
    await fc.assert(fc.asyncProperty(histories(), fc.array(fc.nat({ max: 6 }), { maxLength: 4 }), async ({ policy, files }, picks) => {
      const worlds = await both(policy);
      for (const world of worlds) for (const file of files) await world.drop(file);
      const batches = await worlds[0].batches();
      for (const pick of picks) await deleteInBoth(worlds, 1 + (pick % batches));
    }).afterEach(close), { numRuns });
  });
});

function notOnRecord(error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes('is not on record')) throw error;
}
