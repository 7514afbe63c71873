import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dateOf } from '../../src/history/day.js';
import { derivedPages, recordOf } from '../../src/ingest/known.js';
import { findAccount } from '../../src/store/accounts.js';
import { listAccounts } from '../../src/store/questions.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { Model } from '../model/model.js';
import { carryOut } from '../support/deeds.js';
import { World } from '../support/world.js';

/** What was known at a moment is what was answered then, whatever happened since and whatever the clock said. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);
const worlds: World[] = [];
afterAll(async () => Promise.all(worlds.map(async (world) => world.close())));

/** A clock whose every reading lies some way from the one before: forwards, at the same instant, or set back. */
function clockOf(steps: readonly number[]): () => number {
  let now = Date.parse('2024-03-01T12:00:00Z');
  let reading = 0;
  return () => (now += steps[reading++ % steps.length]!);
}

const clocks = fc.array(fc.constantFrom(0, 1, 5, 60_000, 86_400_000, -60_000, -86_400_000), { minLength: 1, maxLength: 12 });

describe('what was known at a moment', () => {
  test('is what the chains were then, between the accounts of a batch and of a deletion too', async () => {
    let moments = 0;
    await fc.assert(fc.asyncProperty(stories(), clocks, async (story, steps) => {
      const world = await World.open(story.policy, clockOf(steps));
      worlds.push(world);
      const saved = new Map<string, unknown>();
      watch(world, async () => saved.set(await lastInstant(world), await storedVersions(world)));
      for (const deed of deedsOf(story)) await carryOut(world, deed);
      moments += saved.size;
      const instants = [...saved.keys()];
      for (const [index, at] of instants.entries()) {
        expect([at, await knownVersions(world, at)]).toEqual([at, saved.get(at)]);
        const next = instants[index + 1];
        // Nothing happens between two changes.
        if (next !== undefined) expect(await knownVersions(world, new Date(Date.parse(next) - 1).toISOString())).toEqual(saved.get(at));
      }
      expect(await knownVersions(world)).toEqual(await storedVersions(world));
    }), { numRuns: RUNS });
    expect(moments).toBeGreaterThan(RUNS);
  });
});

function deedsOf(story: Parameters<typeof tell>[0]): Deed[] {
  const deeds: Deed[] = [];
  tell({ ...story, commands: story.commands.filter(({ kind }) => kind !== 'retry') }, new Model(story.policy), (deed) => deeds.push(deed));
  return deeds;
}

/** Looks at the database after every transaction: a batch and a deletion have one for each account. */
function watch({ database }: World, look: () => Promise<unknown>): void {
  const write = database.write.bind(database);
  database.write = async (work) => {
    const result = await write(work);
    await look();
    return result;
  };
}

async function lastInstant({ database }: World): Promise<string> {
  const [counter] = await database.reader.rows<{ last_at: string }>('select last_at from change_counter');
  return counter!.last_at;
}

async function storedVersions({ database }: World): Promise<string[]> {
  const rows = await database.reader.rows<Record<string, unknown>>(
    `select a.account_number, m.external_reference, m.from_date, m.to_date, m.amount, m.term, m.company_name, m.is_placeholder, m.is_missing, m.batch_id
     from master_record m join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1, 2, 3`);
  return rows.map((row) => JSON.stringify(Object.values(row).map((value) => (typeof value === 'boolean' ? Number(value) : value))));
}

async function knownVersions({ database: { reader } }: World, at?: string): Promise<string[]> {
  const versions: string[] = [];
  for (const number of await listAccounts(reader)) {
    const record = await recordOf(reader, (await findAccount(reader, number))!, at);
    if (record === undefined) continue;
    for await (const { chains } of derivedPages(reader, record)) for (const [reference, chain] of chains) for (const version of chain) {
      const { from, to, tracked, untracked, isPlaceholder, isMissing, batch } = version;
      versions.push(JSON.stringify([number, reference, dateOf(from), to === null ? null : dateOf(to), ...tracked, ...untracked, Number(isPlaceholder), Number(isMissing), batch]));
    }
  }
  return versions;
}
