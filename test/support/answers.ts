import { dateOf, type Day } from '../../src/history/day.js';
import { valuesAt } from '../../src/history/sample.js';
import { askChains, type Question } from '../../src/ingest/ask.js';
import type { Version } from '../../src/history/chain.js';
import type { ModelItem } from '../model/types.js';
import type { World } from './world.js';

/** An instant before every other: what lies in the future is then told by the changes alone. */
const EPOCH = 0;

/** The versions that answer a question, as the model gives them. */
export async function answer(world: World, question: Question): Promise<ModelItem[]> {
  const items: ModelItem[] = [];
  for await (const { account, reference, versions } of askChains(world.database.reader, question, EPOCH)) {
    items.push(...versions.map((version) => asModelItem(account, reference, version)));
  }
  return items;
}

/** The value of every item at each of the dates, as the model gives them, by date. */
export async function answerAt(world: World, dates: readonly Day[]): Promise<Record<string, ModelItem[]>> {
  const answers: Record<string, ModelItem[]> = Object.fromEntries(dates.map((date) => [dateOf(date), []]));
  const between = { first: dates[0]!, last: dates[dates.length - 1]! };
  for await (const { account, reference, versions } of askChains(world.database.reader, { between }, EPOCH)) {
    for (const [date, version] of valuesAt(versions, dates)) answers[dateOf(date)]!.push(asModelItem(account, reference, version));
  }
  return answers;
}

function asModelItem(account: string, reference: string, { from, to, tracked, untracked, isPlaceholder, isMissing, batch }: Version): ModelItem {
  return {
    account, reference, from: dateOf(from), to: to === null ? null : dateOf(to), amount: tracked[0] as number | null, term: tracked[1] as string,
    company: untracked[0] as string, isPlaceholder, isMissing, batchId: batch,
  };
}
