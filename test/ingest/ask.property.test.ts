import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dateOf, dayOf } from '../../src/history/day.js';
import { reaches } from '../../src/history/fraction.js';
import type { Policy } from '../../src/history/policy.js';
import type { Explanation } from '../../src/history/explain.js';
import { explainItem } from '../../src/ingest/explain.js';
import { stories, tell, type Deed } from '../model/commands.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { Model } from '../model/model.js';
import { answer, answerAt } from '../support/answers.js';
import { carryOut } from '../support/deeds.js';
import { ENGINES } from '../support/engines.js';
import { Worlds } from '../support/world.js';

/** Questions about dates, held against a model that derives everything from nothing each time. */

const RUNS = Number(process.env['SCD_PROPERTY_RUNS'] ?? 20);
describe.each(ENGINES)('the value at a date on $name', (engine) => {
  const { open, close } = new Worlds(engine);
  afterAll(close);
  const numRuns = engine.runs(RUNS);

  test('is that of the model, at every date and whatever was dropped, deleted and voided', async () => {
    await fc.assert(fc.asyncProperty(stories(), async (story) => {
      const world = await open(story.policy);
      const model = new Model(story.policy);
      for (const deed of deedsOf(story, model)) await carryOut(world, deed);
      const days = everyDay(model);
      expect(await answerAt(world, days)).toEqual(Object.fromEntries(days.map((day) => [dateOf(day), model.asOf(dateOf(day))])));
      for (const day of boundaries(model)) {
        expect(await answer(world, { between: { first: day, last: day } })).toEqual(model.asOf(dateOf(day)));
      }
    }).afterEach(close), { numRuns });
  });

  test('is explained by facts that fit it, for every version', async () => {
    await fc.assert(fc.asyncProperty(stories(), async (story) => {
      const world = await open(story.policy);
      const model = new Model(story.policy);
      for (const deed of deedsOf(story, model)) await carryOut(world, deed);
      for (const { account, reference, versions } of model.chains()) {
        const { versions: explained, policy } = await explainItem(world.database.reader, account, reference, undefined, Date.now());
        expect(explained.map(({ version }) => [dateOf(version.from), version.isMissing, version.isPlaceholder])).toEqual(versions.map(({ from, isMissing, isPlaceholder }) => [from, isMissing, isPlaceholder]));
        expect(explained.flatMap((version) => misfits(version, policy))).toEqual([]);
      }
    }).afterEach(close), { numRuns });
  });

  test('is answered whole and in order where an account has more items than a page', async () => {
    const world = await open(POLICY);
    const references = Array.from({ length: 10_001 }, (_, index) => `r${String(index).padStart(5, '0')}`);
    await world.drop(file('many', ...references.map((reference, index) => row('2022-01-28', reference, index))));
    await world.drop(file('late', ...references.map((reference, index) => row('2022-01-10', reference, index + 1))));
    const [{ last_at }] = await world.database.reader.rows<{ last_at: string }>('select last_at from change_counter') as [{ last_at: string }];
    const now = await answer(world, {});
    expect(now.map(({ reference, amount }) => `${reference} ${amount}`)).toEqual(references.flatMap((reference, index) => [`${reference} ${index + 1}`, `${reference} ${index}`]));
    expect(await answer(world, { knownAt: last_at })).toEqual(now);
    const day = dayOf('2022-01-28');
    expect((await answer(world, { between: { first: day, last: day } })).map(({ reference }) => reference)).toEqual(references);
  });

  test('is asked of one account or item, and refused where nothing is known of it', async () => {
    const world = await open(POLICY);
    await world.drop(file('first', row('2022-01-28', 'x', 1), row('2022-01-28', 'y', 2), row('2022-01-28', 'x', 3, { account: 'CL-1' })));
    const before = { first: dayOf('2022-01-27'), last: dayOf('2022-01-27') };
    expect((await answer(world, { account: 'CL-9' })).map(({ amount }) => amount)).toEqual([1, 2]);
    expect((await answer(world, { account: 'CL-9', reference: 'y' })).map(({ amount }) => amount)).toEqual([2]);
    expect(await answer(world, { account: 'CL-9', between: before })).toEqual([]);
    await expect(answer(world, { account: 'CL-8', between: before })).rejects.toThrow('nothing is known of account "CL-8"');
    await expect(answer(world, { account: 'CL-1', reference: 'y' })).rejects.toThrow('nothing is known of item "y" of account "CL-1"');
  });
});

function deedsOf(story: Parameters<typeof tell>[0], model: Model): Deed[] {
  const deeds: Deed[] = [];
  tell({ ...story, commands: story.commands.filter(({ kind }) => kind !== 'retry') }, model, (deed) => deeds.push(deed));
  return deeds;
}

/** What of an explanation does not fit its version. */
function misfits({ version, cause, follows, changed, submission, silence, replaced, confirmed }: Explanation, { coverage }: Policy): string[] {
  const claims: [string, boolean][] = [
    ['a version that follows another changes a value', (follows === 'version' && cause !== 'silent') === changed.length > 0],
    ['a missing version is missing from its submission, or void behind one', !version.isMissing || cause === 'missing' || (cause === 'void' && follows === 'placeholder')],
    ['a void changes nothing but behind a silence', cause !== 'void' || follows === 'placeholder'],
    ['the submission is where the version starts', cause === 'silent' || submission.date === version.from],
    ['a placeholder is a silence from its start to its end', version.isPlaceholder === (silence?.from === version.from && silence.end.date === version.to)],
    ['a placeholder that stands is not covered', silence?.covered === undefined || !reaches(silence.covered.days, silence.covered.of, coverage)],
    ['one that was taken away is', replaced.every(({ covered }) => reaches(covered!.days, covered!.of, coverage))],
    ['confirmations lie within', confirmed.every((date) => version.from < date && (version.to === null || date < version.to))],
  ];
  return claims.filter(([, holds]) => !holds).map(([claim]) => `${claim}: ${dateOf(version.from)}`);
}

/** Every day from before the first version to behind the last. */
function everyDay(model: Model): number[] {
  const days = boundaries(model);
  const first = days[0] ?? dayOf('2022-01-01');
  return Array.from({ length: (days[days.length - 1] ?? first) - first + 1 }, (_, index) => first + index);
}

/** The days on which anything may change, and those on either side. */
function boundaries(model: Model): number[] {
  const starts = model.chains().flatMap(({ versions }) => versions.map(({ from }) => dayOf(from)));
  return [...new Set(starts.flatMap((day) => [day - 1, day, day + 1]))].sort((one, other) => one - other);
}
