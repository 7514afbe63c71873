import { instant } from '../clock.js';
import type { Named } from '../named.js';
import type { Change } from './changes.js';
import type { Transaction } from './database.js';
import type { JsonColumn } from './dialect.js';
import { namedWhole } from './named.js';
import type { Queryable } from './queryable.js';

/** The verbs of `client_account`, `batch_account` and `batch_date`: what batches say of accounts. */

export interface Account {
  readonly id: number;
  readonly account_number: string;
  readonly policy_id: number | null;
}

/** Locks accounts by their numbers: what is on record of them stays as it is until the transaction ends. Returns the new ones. */
export async function lockAccounts(tx: Transaction, numbers: readonly string[]): Promise<string[]> {
  // In the order of their ids, like everybody: two that wait for each other's accounts would wait for ever.
  const locked = await tx.rows<{ account_number: string }>(
    `select account_number from client_account where account_number in ${tx.dialect.valuesFromJson('text')} order by id ${tx.dialect.forUpdate}`,
    [JSON.stringify(numbers)]);
  const known = new Set(locked.map(({ account_number }) => account_number));
  return numbers.filter((number) => !known.has(number));
}

/** Locks an account, so that its chains change in one transaction at a time. Returns it as it is now. */
export async function lockAccount(tx: Transaction, id: number): Promise<Account> {
  const rows = await tx.rows<Account>(`select id, account_number, policy_id from client_account where id = ? ${tx.dialect.forUpdate}`, [id]);
  return rows[0]!;
}

const ACCEPTED: readonly JsonColumn[] = [['account', 'text'], ['date', 'date'], ['accepted', 'integer']];

/**
 * Writes down which accounts and dates a batch names, and adds the accounts that were new when they were locked. Where
 * somebody else has added one of them since, the transaction has to begin again.
 */
export async function recordDates(tx: Transaction, batch: number, named: readonly Named[], added: readonly string[]): Promise<void> {
  if (added.length > 0) {
    await tx.rows(
      `insert into client_account (account_number, last_updated) select value, ? from ${tx.dialect.valuesFromJson('text')} as added`,
      [instant(tx.now()), JSON.stringify(added)],
    );
  }
  await tx.rows(
    `insert into batch_date (client_account_id, effective_date, batch_id, accepted_count)
     select a.id, n.date, ?, n.accepted from ${tx.dialect.rowsFromJson(ACCEPTED)} as n join client_account a on a.account_number = n.account`,
    [batch, JSON.stringify(namedWhole(named).map(({ account, date, total, failed }) => [account, date, total - failed]))],
  );
  await tx.rows(
    'insert into batch_account (batch_id, client_account_id) select distinct batch_id, client_account_id from batch_date where batch_id = ?',
    [batch],
  );
}

/** An account of a batch with how many of its rows were accepted there. */
export type AccountOfBatch = Account & { readonly rows: number };

/** The accounts of a batch that it is not applied to yet, by id. */
export async function accountsToApply(db: Queryable, batch: number): Promise<(AccountOfBatch & Waiting)[]> {
  return accountsWithout<AccountOfBatch & Waiting>(db, batch, 'applied_seq');
}

async function accountsWithout<T extends AccountOfBatch>(db: Queryable, batch: number, mark: 'applied_seq' | 'removed_seq'): Promise<T[]> {
  const accounts = await db.rows<T>(
    `select a.id, a.account_number, a.policy_id, s.repeated_count, sum(d.accepted_count) as rows
     from batch_account b join client_account a on a.id = b.client_account_id join stage_batch s on s.id = b.batch_id
     join batch_date d on d.batch_id = b.batch_id and d.client_account_id = b.client_account_id
     where b.batch_id = ? and b.${mark} is null group by a.id, a.account_number, a.policy_id, s.repeated_count order by a.id`,
    [batch],
  );
  return accounts.map((account) => ({ ...account, rows: Number(account.rows) }));
}

/** How many accounts a batch names, and to how many of them it is applied. */
export async function accountsDone(db: Queryable, batch: number): Promise<{ done: number; all: number }> {
  const [row] = await db.rows<{ done: number; all_of: number }>(
    'select count(applied_seq) as done, count(*) as all_of from batch_account where batch_id = ?', [batch]);
  return { done: Number(row!.done), all: Number(row!.all_of) };
}

/** A batch that is admitted and waits to be applied. */
export interface Waiting {
  readonly repeated_count: number;
}

/** A batch that is admitted and waits to be applied to an account, or undefined. */
export async function waitingFor(tx: Transaction, batch: number, account: number): Promise<Waiting | undefined> {
  const rows = await tx.rows<Waiting>(
    `select b.repeated_count from batch_account a join stage_batch b on b.id = a.batch_id
     where a.batch_id = ? and a.client_account_id = ? and a.applied_seq is null and b.batch_status = 'Ready'`,
    [batch, account],
  );
  return rows[0];
}

/** The accounts that a staged batch names and to which admitted batches wait to be applied, first-admitted first. */
export async function waitingOnAccountsOf(db: Queryable, batch: number): Promise<(Account & { readonly batch_id: number })[]> {
  return db.rows(
    `select w.batch_id, a.id, a.account_number, a.policy_id from stage_batch b
     join batch_account w on w.batch_id = b.id join client_account a on a.id = w.client_account_id
     where b.batch_status = 'Ready' and b.claim is not null and w.applied_seq is null and w.removed_seq is null
       and a.account_number in (select client_account from stage_record where batch_id = ?)
     order by b.admitted_seq, a.id`, [batch]);
}

/** Says that a batch counts for an account from this change on. */
export async function markApplied(tx: Transaction, batch: number, account: number, change: Change): Promise<void> {
  await tx.rows(
    'update batch_account set applied_seq = ?, applied_at = ? where batch_id = ? and client_account_id = ?',
    [change.seq, change.at, batch, account],
  );
}

/** The accounts that a deleted batch still counts for, or still waits to be applied to, by id. */
export async function accountsToRemove(db: Queryable, batch: number): Promise<AccountOfBatch[]> {
  return accountsWithout(db, batch, 'removed_seq');
}

/** What a batch is to an account: nothing any more, applied, or not applied yet. */
export async function standingOf(tx: Transaction, batch: number, account: number): Promise<'removed' | 'applied' | 'waiting'> {
  const [row] = await tx.rows<{ applied_seq: number | null; removed_seq: number | null }>(
    'select applied_seq, removed_seq from batch_account where batch_id = ? and client_account_id = ?', [batch, account]);
  if (row === undefined || row.removed_seq !== null) return 'removed';
  return row.applied_seq === null ? 'waiting' : 'applied';
}

/** Says that a batch does not count for an account from this change on. */
export async function markRemoved(tx: Transaction, batch: number, account: number, change: Change): Promise<void> {
  await tx.rows(
    'update batch_account set removed_seq = ?, removed_at = ? where batch_id = ? and client_account_id = ?',
    [change.seq, change.at, batch, account],
  );
}

/** The account by its number, or undefined. */
export async function findAccount(db: Queryable, number: string): Promise<Account | undefined> {
  return (await db.rows<Account>('select id, account_number, policy_id from client_account where account_number = ?', [number]))[0];
}

/** Every account, by its number. */
export async function allAccounts(db: Queryable): Promise<Account[]> {
  return db.rows<Account>('select id, account_number, policy_id from client_account order by account_number');
}

/** A date that a batch names of an account. */
export interface NamedDate {
  readonly effective_date: string;
  readonly batch_id: number;
  readonly admitted_seq: number;
  readonly accepted_count: number;
}

/** What the batches that count for an account, and `own` beside them, name; first-admitted first. */
export async function namedDates(db: Queryable, account: number, own: number | null): Promise<NamedDate[]> {
  return db.rows<NamedDate>(
    `select d.effective_date, d.batch_id, b.admitted_seq, d.accepted_count from batch_date d
     join batch_account a on a.batch_id = d.batch_id and a.client_account_id = d.client_account_id
     join stage_batch b on b.id = d.batch_id
     where d.client_account_id = ? and (d.batch_id = ? or (a.applied_seq is not null and a.removed_seq is null))
     order by b.admitted_seq, d.effective_date`,
    [account, own],
  );
}

/** What the batches that counted for an account at an instant named; first-admitted first. */
export async function namedDatesAt(db: Queryable, account: number, at: string): Promise<NamedDate[]> {
  return db.rows<NamedDate>(
    `select d.effective_date, d.batch_id, b.admitted_seq, d.accepted_count from batch_date d
     join batch_account a on a.batch_id = d.batch_id and a.client_account_id = d.client_account_id
     join stage_batch b on b.id = d.batch_id
     where d.client_account_id = ? and a.applied_at <= ? and (a.removed_at is null or a.removed_at > ?)
     order by b.admitted_seq, d.effective_date`,
    [account, at, at],
  );
}

/** The policy that an account's chains were derived by at an instant; undefined where nothing was known of it yet. */
export async function policyOfAccountAt(db: Queryable, account: number, at: string): Promise<number | undefined> {
  const rows = await db.rows<{ policy_id: number }>(
    'select policy_id from account_policy where client_account_id = ? and applied_at <= ? order by seq desc limit 1', [account, at]);
  return rows[0]?.policy_id;
}

/** The accounts whose chains were derived by another policy than this one, by id. */
export async function accountsWithoutPolicy(db: Queryable, policy: number): Promise<Account[]> {
  return db.rows<Account>(
    'select id, account_number, policy_id from client_account where policy_id is not null and policy_id <> ? order by id', [policy]);
}

/** Says that an account's chains are derived by a policy from this change on. */
export async function markPolicy(tx: Transaction, account: number, policy: number, change: Change): Promise<void> {
  await tx.rows('update client_account set policy_id = ?, last_updated = ? where id = ?', [policy, change.at, account]);
  await tx.rows(
    'insert into account_policy (client_account_id, seq, policy_id, applied_at) values (?, ?, ?, ?)',
    [account, change.seq, policy, change.at],
  );
}

/** Says that an account's chains have changed. */
export async function touchAccount(tx: Transaction, account: number, change: Change): Promise<void> {
  await tx.rows('update client_account set last_updated = ? where id = ?', [change.at, account]);
}
