import { instant } from '../clock.js';
import { IngestError } from '../errors.js';
import type { Version } from '../history/chain.js';
import type { Day } from '../history/day.js';
import { findAccount, type Account } from '../store/accounts.js';
import { lastInstant } from '../store/changes.js';
import { listAccounts, liveVersions, type LiveVersion, type VersionsAsked } from '../store/questions.js';
import type { Queryable } from '../store/queryable.js';
import { derivedChains, derivedPages, recordOf } from './known.js';

/** What is asked of the history. */
export interface Question {
  /** All accounts where none is named. */
  readonly account?: string | undefined;
  readonly reference?: string | undefined;
  /** Only versions that cover a day from `first` to `last`. */
  readonly between?: VersionsAsked['between'];
  /** The instant that is asked about: what would have been answered then; undefined is now. */
  readonly knownAt?: string | undefined;
}

/** An item and its versions, ascending: all of them, or those asked for. */
export interface ItemChain {
  readonly account: string;
  readonly reference: string;
  readonly versions: readonly Version[];
}

const PAGE_VERSIONS = 10_000;

/**
 * The chains that answer a question, by account and reference; memory is bounded by a page of items. Refuses an
 * account or item of which nothing is known, and an instant in the future. `now` is in milliseconds.
 */
export async function* askChains(db: Queryable, question: Question, now: number): AsyncGenerator<ItemChain> {
  await expectAnswer(db, question, now);
  const accounts = question.account === undefined ? await listAccounts(db) : [question.account];
  for (const account of accounts) yield* chainsOf(db, account, question);
}

/** Refuses a question that has no answer: about the future, or an account or item of which nothing is known. */
export async function expectAnswer(db: Queryable, question: Question, now: number): Promise<void> {
  if (question.knownAt !== undefined) await expectPast(db, question.knownAt, now);
  if (question.account !== undefined) await expectKnown(db, question.account, question);
}

async function expectPast(db: Queryable, at: string, now: number): Promise<void> {
  const latest = await lastInstant(db);
  const end = latest > instant(now) ? latest : instant(now);
  if (at > end) throw new IngestError('usage', `--known-at ${at} lies in the future: expected a time up to now, ${end}`);
}

/** Whether anything is known does not depend on the dates that are asked for. */
async function expectKnown(db: Queryable, account: string, question: Question): Promise<void> {
  const { reference, knownAt } = question;
  for await (const _ of chainsOf(db, account, { ...question, between: undefined })) return;
  const what = reference === undefined ? `account "${account}"` : `item "${reference}" of account "${account}"`;
  throw new IngestError('usage', knownAt === undefined ? `nothing is known of ${what}` : `nothing was known of ${what} at ${knownAt}`);
}

async function* chainsOf(db: Queryable, number: string, question: Question): AsyncGenerator<ItemChain> {
  const account = await findAccount(db, number);
  if (account !== undefined) yield* question.knownAt === undefined ? storedChains(db, account, question) : knownChains(db, account, question);
}

async function* storedChains(db: Queryable, account: Account, { reference, between }: Question): AsyncGenerator<ItemChain> {
  let item: LiveVersion[] = [];
  for await (const version of versionsOf(db, { account: account.id, reference, between })) {
    if (item.length > 0 && item[0]!.reference !== version.reference) {
      yield itemChain(account, item);
      item = [];
    }
    item.push(version);
  }
  if (item.length > 0) yield itemChain(account, item);
}

async function* versionsOf(db: Queryable, asked: VersionsAsked): AsyncGenerator<LiveVersion> {
  let page: LiveVersion[] = [];
  do {
    page = await liveVersions(db, asked, page[page.length - 1], PAGE_VERSIONS);
    yield* page;
  } while (page.length === PAGE_VERSIONS);
}

function itemChain(account: Account, versions: readonly LiveVersion[]): ItemChain {
  return { account: account.account_number, reference: versions[0]!.reference, versions };
}

async function* knownChains(db: Queryable, account: Account, { reference, between, knownAt }: Question): AsyncGenerator<ItemChain> {
  const record = await recordOf(db, account, knownAt);
  if (record === undefined) return;
  const pages = reference === undefined ? derivedPages(db, record)
    : [{ chains: await derivedChains(db, record, { references: [reference] }) }];
  for await (const { chains } of pages) {
    for (const [item, chain] of chains) {
      const versions = chain.filter((version) => covers(version, between));
      if (versions.length > 0) yield { account: account.account_number, reference: item, versions };
    }
  }
}

function covers({ from, to }: Version, between: { first: Day; last: Day } | undefined): boolean {
  return between === undefined || (from <= between.last && (to === null || to > between.first));
}
