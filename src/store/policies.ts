import { instant } from '../clock.js';
import type { Transaction } from './database.js';
import type { Queryable } from './queryable.js';

/** The verbs of `policy`. */

export interface PolicyInForce {
  readonly id: number;
  readonly definition: string;
}

/** The policy in force, or undefined where no daemon has ever started. */
export async function policyInForce(db: Queryable): Promise<PolicyInForce | undefined> {
  return (await db.rows<PolicyInForce>('select id, definition from policy order by id desc limit 1'))[0];
}

/** Locks what is in force until the transaction ends: nodes that start at once agree one after another. */
export async function lockPolicies(tx: Transaction): Promise<PolicyInForce | undefined> {
  await tx.rows(`select 1 from change_counter where id = 1 ${tx.dialect.forUpdate}`);
  return policyInForce(tx);
}

/** Puts a policy in force. */
export async function addPolicy(tx: Transaction, definition: string): Promise<PolicyInForce> {
  const rows = await tx.rows<{ id: number }>(
    'insert into policy (definition, in_force_since) values (?, ?) returning id', [definition, instant(tx.now())]);
  return { id: rows[0]!.id, definition };
}

/** A policy by its id. */
export async function findPolicy(db: Queryable, id: number): Promise<PolicyInForce | undefined> {
  return (await db.rows<PolicyInForce>('select id, definition from policy where id = ?', [id]))[0];
}
