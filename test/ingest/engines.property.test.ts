import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { guardedStories, stories, tell, type Deed, type Story } from '../model/commands.js';
import { Model } from '../model/model.js';
import type { ModelFile } from '../model/types.js';
import { damage, everything } from '../support/checkup.js';
import { carryOut } from '../support/deeds.js';
import { POSTGRES, SQLITE } from '../support/engines.js';
import { answers, checkup, rehearsals } from '../support/questions.js';
import { Worlds, type World } from '../support/world.js';

/** SQLite and PostgreSQL say the same of the same history: batches, marks, chains, and every answer that is asked of them. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 4);
const SEED = Date.now() % 1_000_000;
const engines = [SQLITE, POSTGRES].map((engine) => new Worlds(engine));
const close = async (): Promise<void> => { for (const worlds of engines) await worlds.close(); };
afterAll(close);

test.each([
  ['random', stories], ['guarded random', guardedStories],
])(`the same %s history gives the same batches, chains and answers to every question on both engines (seed ${SEED})`, async (_, any) => {
  await fc.assert(fc.asyncProperty(any().map(withoutLastFile), async ({ story, last }) => {
    const deeds: Deed[] = [];
    tell(story, new Model(story.policy), (deed) => deeds.push(deed));
    const dropped = deeds.flatMap((deed) => (deed.kind === 'drop' ? [deed.file] : []));
    const told = await Promise.all(engines.map(async ({ open }) => {
      // One clock for both, or the times would differ.
      let now = Date.parse('2024-03-01T12:00:00Z');
      const world = await open(story.policy, () => (now += 1_000));
      for (const deed of deeds) await carryOut(world, deed);
      return allOf(world, [last, ...dropped.slice(0, 1)]);
    }));
    expect(told[1]).toEqual(told[0]);
  }).afterEach(close), { numRuns: RUNS, seed: SEED });
}, 600_000);

/** The last file of a story is to be planned. */
function withoutLastFile({ policy, commands }: Story): { story: Story; last: ModelFile } {
  const index = commands.findLastIndex(({ kind }) => kind === 'drop');
  return { story: { policy, commands: commands.filter((_, other) => other !== index) }, last: (commands[index] as Extract<Deed, { kind: 'drop' }>).file };
}

async function allOf(world: World, files: readonly ModelFile[]): Promise<object> {
  const rows = [...await everything(world)].map(([key, row]) => [key, { ...row, claim: null, archived_path: null }] as const);
  const history = {
    // Where ids are given out that are taken back again they differ: rows are told apart by what they say.
    rows: Object.fromEntries(rows.filter(([key]) => !/^(master_record|stage_record)/u.test(key))),
    records: await world.database.reader.rows(`select batch_id, row_number, process_status, process_action, error, is_deleted from stage_record order by batch_id, row_number, id`),
    chains: await world.chains(),
    ...await answers(world), sound: await checkup(world, [{ isReplayAsked: true }]), ...await rehearsals(world, files),
  };
  await damage(world, ...HARM);
  return { ...history, harmed: await checkup(world, [{}, { isReplayAsked: true }, { account: 'CL-1', isReplayAsked: true }]) };
}

/** A little of everything that a check looks for. */
const HARM = [
  'update master_record set amount = coalesce(amount, 0) + 1 where not is_deleted and is_missing = false and batch_id % 2 = 0',
  "update master_record set is_deleted = true where not is_deleted and external_reference in ('a', 'r03') and to_date is null",
  "update stage_record set process_action = 'Merge' where process_status = 'Processed' and row_number % 2 = 0",
  "update stage_record set process_status = 'Unprocessed' where process_status = 'Processed' and row_number % 5 = 0 and batch_id % 2 = 0",
  'update batch_date set accepted_count = accepted_count + 1 where batch_id % 2 = 1',
  "update stage_batch set zeroed_count = zeroed_count + 1, claim = filename, error = 'stuck' where batch_status = 'Complete'",
];
