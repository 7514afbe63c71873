/** What must always hold of the model, over drawn histories. */

import fc from 'fast-check';
import { consistentHistories, histories, observedWorlds, orders } from './arbitraries.js';
import { stories, tell } from './commands.js';
import { cutUp, cuts } from './cuts.js';
import { after } from './fixtures.js';
import { Model } from './model.js';
import type { ModelChain, ModelFile } from './types.js';

const RUNS = { numRuns: 200 };

/** What is wrong with a chain, in words; nothing if it is sound. */
function faultsOf({ reference, versions }: ModelChain): string[] {
  return versions.flatMap((version, i) => {
    const { from, to, isPlaceholder } = version;
    const next = versions[i + 1];
    const faults: string[] = [];
    if (to !== null && to <= from) faults.push(`${reference} has an empty version at ${from}`);
    if (to !== (next?.from ?? null)) faults.push(`${reference} has a gap or an overlap at ${to}`);
    if (isPlaceholder && (i === 0 || !next)) faults.push(`${reference} begins or ends with a placeholder`);
    if (isPlaceholder && next?.isPlaceholder) faults.push(`${reference} has two placeholders in a row`);
    const runsOn = next && !isPlaceholder && !next.isPlaceholder;
    if (runsOn && version.amount === next.amount && version.term === next.term) {
      faults.push(`${reference} starts a version at ${to} for nothing`);
    }
    return faults;
  });
}

it('leaves sound chains behind, whatever is dropped, deleted, retried or set', () => {
  fc.assert(
    fc.property(stories(), (story) => {
      const model = new Model(story.policy);
      tell(story, model, () => expect(model.chains().flatMap(faultsOf)).toEqual([]));
    }),
    RUNS,
  );
});

it('derives the same chains from consistent files in any order', () => {
  const reordered = consistentHistories().chain((history) =>
    orders(history.files).map((files) => ({ ...history, shuffled: files })),
  );
  fc.assert(
    fc.property(reordered, ({ policy, files, shuffled }) => {
      expect(after(policy, ...shuffled).chains()).toEqual(after(policy, ...files).chains());
    }),
    RUNS,
  );
});

it('derives the same chains from the same observations, however they are cut into files', () => {
  fc.assert(
    fc.property(observedWorlds(), cuts(), cuts(), ({ policy, observations }, one, other) => {
      const chains = after(policy, ...cutUp(observations, one)).chains();
      expect(after(policy, ...cutUp(observations, other)).chains()).toEqual(chains);
      expect(chains.length).toBeGreaterThan(0);
    }),
    RUNS,
  );
});

it('takes every row of consistent files that could be read', () => {
  fc.assert(
    fc.property(consistentHistories(), ({ policy, files }) => {
      const batches = after(policy, ...files).batches();
      const failed = batches.flatMap((batch) => batch.rows).filter((row) => row.contradicts !== null);
      expect(failed).toEqual([]);
    }),
    RUNS,
  );
});

it('restores the chains that were there, batches and all, when a file is dropped and its batch deleted', () => {
  fc.assert(
    fc.property(histories(), ({ policy, files }) => {
      const model = after(policy, ...files.slice(0, -1));
      const snapshot = () =>
        model.accounts().flatMap((account) => model.items(account).map((item) => model.chain(account, item)));
      const before = snapshot();
      for (const file of files.slice(-1)) model.deleteBatch(model.drop(file).id);
      expect(snapshot()).toEqual(before);
    }),
    RUNS,
  );
});

it('accounts for every row of a batch', () => {
  fc.assert(
    fc.property(histories(), ({ policy, files }) => {
      for (const { status, total, success, failure, repeated, actions } of after(policy, ...files).batches()) {
        const took = total - actions['N/A'];
        expect(took).toBe(success);
        expect(failure + success).toBeLessThanOrEqual(total);
        expect(repeated).toBeLessThanOrEqual(success);
        if (status === 'Complete') expect(failure + success).toBe(total);
        else expect(success).toBe(0);
      }
    }),
    RUNS,
  );
});

it('draws worlds in which everything happens that can happen to a row or a batch', () => {
  const seen = new Set<string>();
  for (const { policy, files } of fc.sample(histories(), { numRuns: 400, seed: 1 })) {
    for (const file of files) for (const kind of kindsOf(file)) seen.add(kind);
    if (sharesADate(files)) seen.add('one date over several files');
    for (const batch of after(policy, ...files).batches()) {
      seen.add(batch.status);
      for (const row of batch.rows) {
        seen.add(row.action).add(row.status);
        if (row.repeated) seen.add('repeated');
        if (row.contradicts?.batchId === batch.id) seen.add('contradicted within a file');
        if (row.contradicts && row.contradicts.batchId !== batch.id) seen.add('contradicted across files');
      }
      if (batch.zeroed > 0) seen.add('zeroed');
      if (batch.placeholdersInserted > 0) seen.add('placeholder inserted');
      if (batch.placeholdersReplaced > 0) seen.add('placeholder replaced');
    }
  }
  expect([...seen].sort()).toEqual([
    'Add',
    'Append',
    'Complete',
    'Duplicate',
    'Error',
    'Failed',
    'Merge',
    'N/A',
    'Processed',
    'Replace',
    'Unchanged',
    'Unprocessed',
    'contradicted across files',
    'contradicted within a file',
    'many accounts in one file',
    'one date over several files',
    'placeholder inserted',
    'placeholder replaced',
    'repeated',
    'several dates of an account in one file',
    'unreadable row',
    'zeroed',
  ]);
});

/** What a file holds that histories are to be made of. */
function kindsOf({ rows }: ModelFile): string[] {
  const dates = new Map<string, Set<string>>();
  for (const { account, date } of rows) {
    if (account !== null && date !== null) dates.set(account, (dates.get(account) ?? new Set()).add(date));
  }
  return [
    ...(rows.some(({ unreadable }) => unreadable) ? ['unreadable row'] : []),
    ...(dates.size > 1 ? ['many accounts in one file'] : []),
    ...([...dates.values()].some((all) => all.size > 1) ? ['several dates of an account in one file'] : []),
  ];
}

/** Whether two files with different bytes say something of one account and date. */
function sharesADate(files: readonly ModelFile[]): boolean {
  const distinct = new Map(files.map(({ rows }) => [JSON.stringify(rows), rows]));
  const said = [...distinct.values()].flatMap((rows) => [...new Set(rows.map(({ account, date }) => `${account} ${date}`))]);
  return new Set(said).size < said.length;
}
