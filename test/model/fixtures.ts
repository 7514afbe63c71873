/** Short ways of writing files, policies and chains in stories. */

import { dateOf, dayOf } from './days.js';
import { Model } from './model.js';
import type { ModelFile, ModelPolicy, ModelRow } from './types.js';

/** The default policy, save that any number of rows may fail. */
export const POLICY: ModelPolicy = {
  validityDays: 31,
  accountValidityDays: {},
  missingItems: 'zero',
  placeholderReplaceCoverage: 0.8,
  maxFailureRatio: 1,
};

/** What a row says beside item, date and amount. */
export interface Said {
  readonly term?: string;
  readonly company?: string;
  readonly account?: string;
}

/** A row of account CL-9, company Acme, term Cash, unless said otherwise; its number comes from its place in a file. */
export function row(date: string, reference: string, amount: number | null, said: Said = {}): Omit<ModelRow, 'row'> {
  const { term = 'Cash', company = 'Acme', account = 'CL-9' } = said;
  return { date, account, reference, company, amount, term, unreadable: false };
}

/** A row whose amount could not be read; what it is about could. */
export function unreadable(date: string, reference: string, said: Said = {}): Omit<ModelRow, 'row'> {
  return { ...row(date, reference, null, said), unreadable: true };
}

/** A file of rows, numbered from 2 on. */
export function file(name: string, ...rows: readonly Omit<ModelRow, 'row'>[]): ModelFile {
  return { name, rows: rows.map((row, i) => ({ row: i + 2, ...row })) };
}

/** Day `n` of 2022, counted from 1. */
export function day(n: number): string {
  return dateOf(dayOf('2022-01-01') + n - 1);
}

/** A file of one row about x, on day `n`. */
export function x(n: number, amount: number | null, term = 'Cash'): ModelFile {
  return file(`x-${n}`, row(day(n), 'x', amount, { term }));
}

/** A model under a policy, after some files. */
export function after(policy: Partial<ModelPolicy>, ...files: readonly ModelFile[]): Model {
  const model = new Model({ ...POLICY, ...policy });
  for (const file of files) model.drop(file);
  return model;
}

/** A chain in one line per version: `from..to amount term`, `missing` and the company only where they matter. */
export function drawn(model: Model, reference: string, account = 'CL-9'): string[] {
  return model.chain(account, reference).map(({ from, to, amount, term, isPlaceholder, isMissing }) => {
    const values = isPlaceholder ? 'placeholder' : `${amount ?? 'null'}${term === 'Cash' ? '' : ` ${term}`}`;
    return `${from}..${to ?? ''} ${values}${isMissing ? ' missing' : ''}`;
  });
}

/** The action of each row of a batch, in row order. */
export function actions(model: Model, batchId: number): string[] {
  return model.batch(batchId).rows.map((row) => row.action);
}
