import type { Version } from '../history/chain.js';
import { dateOf, type Day } from '../history/day.js';
import { valuesAt } from '../history/sample.js';
import type { ItemChain } from '../ingest/ask.js';
import { TEMPLATE, TRACKED, UNTRACKED, type Value } from '../template.js';
import type { Listing, OutputColumn, Row } from './output/listing.js';

/** Chains as listings; their columns are the template's, in its order. */

const FROM: OutputColumn = { name: 'from_date', heading: 'From', kind: 'date' };
const TO: OutputColumn = { name: 'to_date', heading: 'To', kind: 'date' };
const STATUS: OutputColumn = { name: 'status', heading: 'Status', kind: 'text' };
const BATCH: OutputColumn = { name: 'batch_id', heading: 'Batch', kind: 'number' };

/** The values of items at dates, ascending: a row for each item and date. */
export function valueListing(title: string, chains: AsyncIterable<ItemChain>, dates: readonly Day[]): Listing {
  return { title, columns: [...TEMPLATE, STATUS, FROM, TO, BATCH], rows: valueRows(chains, dates), none: 'no item had a value then' };
}

async function* valueRows(chains: AsyncIterable<ItemChain>, dates: readonly Day[]): AsyncGenerator<Row> {
  for await (const chain of chains) {
    for (const [date, version] of valuesAt(chain.versions, dates)) {
      yield [...valuesOf(chain, version, [dateOf(date)]), statusOf(version), ...periodOf(version), version.batch];
    }
  }
}

/** Versions: a row for each, its period in the place of the effective date. */
export function versionListing(title: string, chains: Iterable<ItemChain> | AsyncIterable<ItemChain>): Listing {
  const columns = [...TEMPLATE.flatMap((column) => (column.role === 'effectiveDate' ? [FROM, TO] : [column])), STATUS, BATCH];
  return { title, columns, rows: versionRows(chains), none: 'there is no history yet' };
}

async function* versionRows(chains: Iterable<ItemChain> | AsyncIterable<ItemChain>): AsyncGenerator<Row> {
  for await (const chain of chains) {
    for (const version of chain.versions) yield [...valuesOf(chain, version, periodOf(version)), statusOf(version), version.batch];
  }
}

/** A version's values in the order of the template; `dates` stand in the place of the effective date. */
export function valuesOf({ account, reference }: ItemChain, version: Version, dates: Row): Value[] {
  return TEMPLATE.flatMap((column): Row => {
    switch (column.role) {
      case 'effectiveDate': return dates;
      case 'account': return [account];
      case 'reference': return [reference];
      case 'untracked': return [version.untracked[UNTRACKED.indexOf(column)] ?? null];
      case 'tracked': return [version.tracked[TRACKED.indexOf(column)] ?? null];
    }
  });
}

/** Whether a version's values are known; a placeholder says that they are not. */
export function statusOf({ isPlaceholder, isMissing }: Version): string {
  if (isPlaceholder) return 'unknown';
  return isMissing ? 'missing' : 'known';
}

function periodOf({ from, to }: Version): Row {
  return [dateOf(from), to === null ? null : dateOf(to)];
}
