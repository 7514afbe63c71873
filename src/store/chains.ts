import { dateOf, dayOf, type Day } from '../history/day.js';
import type { Version } from '../history/chain.js';
import type { Diff, StoredVersion } from '../history/diff.js';
import type { Value } from '../history/policy.js';
import type { Window } from '../history/window.js';
import { TRACKED, UNTRACKED } from '../template.js';
import type { Transaction } from './database.js';
import type { Dialect, JsonColumn } from './dialect.js';
import type { Queryable } from './queryable.js';

/** The verbs of `master_record`, and the events of `stage_record` that the chains are derived from. */

/** The references of an account behind `after`, up to and including `upTo` (null: all that follow). */
interface Page {
  readonly after: string;
  readonly upTo: string | null;
}

/** The items of an account that a step looks at: a page of them, or those named. */
export type Items = Page | { readonly references: readonly string[] };

/** A date before every date. */
const BEFORE_ALL = '0001-01-01';
/** Larger ones were slower and took more memory: one is read while another is derived, and what outlives it has to be collected as old. */
const PAGE_ITEMS = 500;
/** How many rows a page may hold, about: an item has one at each date. */
const PAGE_ROWS = 20_000;
const VALUE_NAMES = [...TRACKED, ...UNTRACKED].map(({ name }) => name);
const VERSION_NAMES = ['id', 'external_reference', 'from_date', 'to_date', 'is_placeholder', 'is_missing', 'batch_id', ...VALUE_NAMES];

/** An account's items in pages: those with a chain, and those named at the dates. */
export async function pagesOf(
  db: Queryable, account: { id: number; account_number: string }, dates: readonly Day[],
): Promise<Page[]> {
  const size = Math.ceil(Math.min(PAGE_ITEMS, PAGE_ROWS / Math.max(1, dates.length)));
  const bounds = await db.rows<{ reference: string }>(
    `select reference from (select reference, row_number() over (order by reference) as place from (
       select external_reference as reference from master_record
       where client_account_id = ? and not is_deleted and to_date is null
       union select external_reference from stage_record
       where client_account = ? and effective_date in ${db.dialect.valuesFromJson('date')} and external_reference is not null) as items) as places
     where place % ${size} = 0 order by reference`,
    [account.id, account.account_number, JSON.stringify(dates.map(dateOf))],
  );
  const ends = [...bounds.map(({ reference }) => reference), null];
  return ends.map((upTo, index) => ({ after: ends[index - 1] ?? '', upTo }));
}

/** The live versions within a window, by reference, ascending. */
export async function loadVersions(
  db: Queryable, account: number, window: Window, items: Items,
): Promise<Map<string, StoredVersion[]>> {
  const [which, whichParams] = itemCondition(db.dialect, items);
  const starts = window.until === undefined ? '' : 'and from_date <= ?';
  const startParams = window.until === undefined ? [] : [dateOf(window.until)];
  const select = `select ${VERSION_NAMES.join(', ')} from master_record where client_account_id = ? and not is_deleted and ${which} ${starts}`;
  const query = `${select} and to_date is null union all ${select} and to_date > ?`;
  const common = [account, ...whichParams, ...startParams];
  const rows = await loadRows(db, VERSION_NAMES, `select * from (${query}) as live order by external_reference, from_date`,
    [...common, ...common, window.from === undefined ? BEFORE_ALL : dateOf(window.from)]);
  return groupBy(rows, (row) => row[1] as string, storedVersion);
}

function storedVersion(row: readonly Value[]): StoredVersion {
  const [id, , from, to, isPlaceholder, isMissing, batch] = row;
  return {
    id: id as number, from: day(from as string), to: to === null ? null : day(to as string),
    isPlaceholder: Boolean(isPlaceholder), isMissing: Boolean(isMissing), batch: batch as number,
    tracked: row.slice(7, 7 + TRACKED.length), untracked: row.slice(7 + TRACKED.length),
  };
}

/** A row of an account, as derivation looks at it. */
export interface EventRow {
  readonly id: number;
  readonly date: Day;
  readonly batch: number;
  /** Accepted and not soft-deleted. */
  readonly isObserved: boolean;
  /** Accepted, and waiting to be applied. */
  readonly isWaiting: boolean;
  readonly tracked: readonly Value[];
  readonly untracked: readonly Value[];
}

const EVENT_NAMES = ['id', 'external_reference', 'effective_date', 'batch_id', 'is_observed', 'is_waiting', ...VALUE_NAMES];

/**
 * The rows of an account at the dates, by reference, ascending by date; failed and soft-deleted ones among them. With
 * an instant `at`, what was soft-deleted since is observed.
 */
export async function loadEvents(
  db: Queryable, accountNumber: string, dates: readonly Day[], items: Items, at?: string,
): Promise<Map<string, EventRow[]>> {
  const [which, whichParams] = itemCondition(db.dialect, items);
  const isLive = at === undefined ? 'not is_deleted' : '(deleted_at is null or deleted_at > ?)';
  const query = `select id, external_reference, effective_date, batch_id,
      (process_status <> 'Failed' and ${isLive}) as is_observed,
      (process_status = 'Unprocessed' and not is_deleted) as is_waiting, ${VALUE_NAMES.join(', ')}
    from stage_record where client_account = ? and effective_date in ${db.dialect.valuesFromJson('date')} and ${which}
    order by effective_date, external_reference`;
  const rows = await loadRows(db, EVENT_NAMES, query, [...(at === undefined ? [] : [at]), accountNumber, JSON.stringify(dates.map(dateOf)), ...whichParams]);
  return groupBy(rows, (row) => row[1] as string, eventRow);
}

function eventRow(row: readonly Value[]): EventRow {
  return {
    id: row[0] as number, date: day(row[2] as string), batch: row[3] as number,
    isObserved: Boolean(row[4]), isWaiting: Boolean(row[5]),
    tracked: row.slice(6, 6 + TRACKED.length), untracked: row.slice(6 + TRACKED.length),
  };
}

const INSERTED: readonly JsonColumn[] = [
  ['external_reference', 'text'], ['from_date', 'date'], ['to_date', 'date'], ['is_placeholder', 'boolean'],
  ['is_missing', 'boolean'], ['batch_id', 'integer'],
  ...[...TRACKED, ...UNTRACKED].map(({ name, kind }): JsonColumn => [name, kind === 'amount' ? 'decimal' : 'text']),
];
const UPDATED: readonly JsonColumn[] = [
  ['id', 'integer'], ['to_date', 'date'], ['is_missing', 'boolean'], ['batch_id', 'integer'],
  ...UNTRACKED.map(({ name }): JsonColumn => [name, 'text']),
];

/** Writes the differences of items, by reference, in an order in which no two live versions ever collide. */
export async function writeChains(tx: Transaction, account: number, diffs: ReadonlyMap<string, Diff>, at: string): Promise<void> {
  const all = [...diffs.values()];
  await removeVersions(tx, all.flatMap(({ removed }) => removed), at);
  const updated = all.flatMap((diff) => diff.updated);
  await updateVersions(tx, updated.filter(({ to }) => to !== null), at);
  await updateVersions(tx, updated.filter(({ to }) => to === null), at);
  await insertVersions(tx, account, [...diffs].flatMap(([reference, diff]) => diff.inserted.map((version) => insertedRow(reference, version))), at);
}

async function removeVersions(tx: Transaction, ids: readonly number[], at: string): Promise<void> {
  if (ids.length === 0) return;
  await tx.rows(`update master_record set is_deleted = true, last_updated = ? where id in ${tx.dialect.valuesFromJson('integer')}`, [at, JSON.stringify(ids)]);
}

async function updateVersions(tx: Transaction, versions: readonly StoredVersion[], at: string): Promise<void> {
  if (versions.length === 0) return;
  const assignments = UPDATED.slice(1).map(([name]) => `${name} = v.${name}`).join(', ');
  const rows = versions.map(({ id, to, isMissing, batch, untracked }) =>
    [id, to === null ? null : text(to), Number(isMissing), batch, ...untracked]);
  await tx.rows(
    `update master_record set ${assignments}, last_updated = ? from ${tx.dialect.rowsFromJson(UPDATED)} as v where master_record.id = v.id`,
    [at, JSON.stringify(rows)],
  );
}

async function insertVersions(tx: Transaction, account: number, rows: readonly (readonly Value[])[], at: string): Promise<void> {
  if (rows.length === 0) return;
  const names = INSERTED.map(([name]) => name).join(', ');
  await tx.rows(
    `insert into master_record (client_account_id, last_updated, ${names})
     select ?, ?, ${names} from ${tx.dialect.rowsFromJson(INSERTED)} as v where true`,
    [account, at, JSON.stringify(rows)],
  );
}

function insertedRow(reference: string, version: Version): readonly Value[] {
  return [
    reference, text(version.from), version.to === null ? null : text(version.to), Number(version.isPlaceholder),
    Number(version.isMissing), version.batch, ...version.tracked, ...version.untracked,
  ];
}

function itemCondition(dialect: Dialect, items: Items): [sql: string, params: readonly unknown[]] {
  if ('references' in items) return [`external_reference in ${dialect.valuesFromJson('text')}`, [JSON.stringify(items.references)]];
  if (items.upTo === null) return ['external_reference > ?', [items.after]];
  return ['external_reference > ? and external_reference <= ?', [items.after, items.upTo]];
}

async function loadRows(db: Queryable, names: readonly string[], query: string, params: readonly unknown[]): Promise<Value[][]> {
  const [result] = await db.rows<{ rows: string }>(db.dialect.rowsToJson(names, query), params);
  return JSON.parse(result!.rows) as Value[][];
}

function groupBy<T>(rows: readonly Value[][], key: (row: Value[]) => string, value: (row: Value[]) => T): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [value(row)]);
    else group.push(value(row));
  }
  return groups;
}

// The same few dates stand in a million rows.
const days = new Map<string, Day>();
const texts = new Map<Day, string>();

function day(date: string): Day {
  return remembered(days, date, dayOf);
}

function text(of: Day): string {
  return remembered(texts, of, dateOf);
}

function remembered<K, V>(known: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = known.get(key);
  if (value === undefined) known.set(key, value = make(key));
  return value;
}
