/** Sequences of what a person may do to the daemon: drop files, soft-delete, retry, change the policy. */

import fc from 'fast-check';
import { type History, histories, policies } from './arbitraries.js';
import { dateOf, dayOf } from './days.js';
import type { Model } from './model.js';
import type { ModelFile, ModelPolicy } from './types.js';

/** A command as it is drawn: `pick` chooses among whatever is there when its turn comes. */
export type Command =
  | { readonly kind: 'drop'; readonly file: ModelFile }
  | { readonly kind: 'deleteBatch' | 'deleteRecord' | 'retry' | 'approve' | 'reject' | 'dropAgain'; readonly pick: number }
  | { readonly kind: 'setPolicy'; readonly policy: ModelPolicy };

/** A command that says exactly what to do, to the model and to the real program alike. */
export type Deed =
  | { readonly kind: 'drop'; readonly file: ModelFile }
  | { readonly kind: 'deleteBatch' | 'retry' | 'approve' | 'reject'; readonly batchId: number }
  | { readonly kind: 'deleteRecord'; readonly batchId: number; readonly row: number }
  | { readonly kind: 'setPolicy'; readonly policy: ModelPolicy };

/** A policy to start with, and commands. */
export interface Story {
  readonly policy: ModelPolicy;
  readonly commands: readonly Command[];
}

/** Any story: the files of a history in their order (late ones among them), with other commands in between. */
export function stories(): fc.Arbitrary<Story> {
  const betweens = fc.array(fc.array(corrections(), { maxLength: 2 }), { minLength: 1, maxLength: 9 });
  return fc.record({ history: histories(), betweens }).map(({ history, betweens }) => ({
    policy: history.policy,
    commands: interleave(history, betweens),
  }));
}

/** What a command comes to in a model as it stands; null if there is nothing it could be done to. */
export function deedOf(command: Command, model: Model, dropped: readonly ModelFile[]): Deed | null {
  switch (command.kind) {
    case 'drop':
    case 'setPolicy':
      return command;
    case 'dropAgain':
      return dropped.length === 0 ? null : { kind: 'drop', file: choose(dropped, command.pick) };
    case 'deleteBatch': {
      const live = model.batches().filter((batch) => !batch.deleted && (batch.status === 'Complete' || batch.status === 'Held'));
      return live.length === 0 ? null : { kind: 'deleteBatch', batchId: choose(live, command.pick).id };
    }
    case 'deleteRecord': {
      const observations = model.observations();
      return observations.length === 0 ? null : { kind: 'deleteRecord', ...choose(observations, command.pick) };
    }
    case 'approve':
    case 'reject': {
      const held = model.batches().filter((batch) => !batch.deleted && batch.status === 'Held');
      return held.length === 0 ? null : { kind: command.kind, batchId: choose(held, command.pick).id };
    }
    case 'retry': {
      const failed = model.batches().filter((batch) => !batch.deleted && batch.status === 'Error' && !model.isLive(batch.id));
      return failed.length === 0 ? null : { kind: 'retry', batchId: choose(failed, command.pick).id };
    }
  }
}

/** Does a deed to a model. */
export function carryOut(deed: Deed, model: Model): void {
  switch (deed.kind) {
    case 'drop':
      model.drop(deed.file);
      break;
    case 'deleteBatch':
      model.deleteBatch(deed.batchId);
      break;
    case 'deleteRecord':
      model.deleteRecord(deed.batchId, deed.row);
      break;
    case 'retry':
      model.retry(deed.batchId);
      break;
    case 'approve':
      model.approve(deed.batchId);
      break;
    case 'reject':
      model.reject(deed.batchId);
      break;
    case 'setPolicy':
      model.setPolicy(deed.policy);
      break;
  }
}

/** Carries out a whole story on a model; `after` is called with each deed that was done. */
export function tell(story: Story, model: Model, after?: (deed: Deed) => void): void {
  const dropped: ModelFile[] = [];
  for (const command of story.commands) {
    const deed = deedOf(command, model, dropped);
    if (!deed) continue;
    carryOut(deed, model);
    if (deed.kind === 'drop') dropped.push(deed.file);
    after?.(deed);
  }
}

/** Stories of an account of twelve items whose files may leave many of them out, with decisions of what is held back. */
export function guardedStories(): fc.Arbitrary<Story> {
  const references = Array.from({ length: 12 }, (_, index) => `r${String(index).padStart(2, '0')}`);
  const rows = fc.record({ amount: fc.constantFrom(1, 1, 2, 0, null), isLie: fc.nat({ max: 9 }), isUnreadable: fc.nat({ max: 9 }) });
  const file = fc.record({
    date: fc.nat({ max: 4 }), count: fc.constantFrom(12, 12, 11, 6, 5, 4, 2), from: fc.nat({ max: 11 }), rows: fc.array(rows, { minLength: 12, maxLength: 12 }),
  });
  const kinds = fc.constantFrom('approve', 'approve', 'reject', 'retry', 'dropAgain', 'deleteBatch', 'deleteRecord');
  const between = fc.array(fc.record({ kind: kinds, pick: fc.nat({ max: 30 }) }), { maxLength: 2 });
  const amountAt = (date: number, item: number): number => 1 + ((date + item) % 2);
  return fc.record({ policy: policies(), files: fc.array(file, { minLength: 2, maxLength: 6 }), betweens: fc.array(between, { minLength: 1, maxLength: 6 }) })
    .map(({ policy, files, betweens }) => ({
      policy: { ...policy, missingItems: 'zero', maxMissingRatio: 0.5 },
      commands: interleave({
        policy, files: files.map(({ date, count, from, rows: drafts }, index) => ({
          name: `file-${index + 1}`,
          rows: drafts.slice(0, count).map(({ amount, isLie, isUnreadable }, place) => ({
            row: place + 2, date: dateOf(dayOf('2022-01-03') + 20 * date), account: 'CL-1', reference: choose(references, from + place), company: 'Acme',
            amount: isLie === 0 ? amount : amountAt(date, from + place), term: 'Cash', unreadable: isUnreadable === 0,
          })),
        })),
      }, betweens),
    }));
}

function corrections(): fc.Arbitrary<Command> {
  const kinds = fc.constantFrom('deleteBatch', 'deleteRecord', 'deleteRecord', 'retry', 'dropAgain');
  return fc.oneof(
    { weight: 9, arbitrary: fc.record({ kind: kinds, pick: fc.nat({ max: 30 }) }) },
    policies().map((policy) => ({ kind: 'setPolicy' as const, policy })),
  );
}

function interleave(history: History, betweens: readonly (readonly Command[])[]): Command[] {
  return history.files.flatMap((file, i) => [
    { kind: 'drop' as const, file },
    ...(betweens[i % betweens.length] ?? []),
  ]);
}

function choose<T>(pool: readonly T[], pick: number): T {
  return pool[pick % pool.length] as T;
}
