import type { Transaction } from './database.js';
import type { Queryable } from './queryable.js';

/**
 * Leases of the nodes on one PostgreSQL database; on SQLite there is one node, and a lock on a file is enough.
 *
 * A node is believed to be there until `lease_until`, by the database's clock. Everything that it writes for a batch
 * begins with `holdLease`, which shares its row with the node's other transactions and with its own renewals, and keeps
 * everybody out who would raise its epoch: after that it finds no row any more, and what it had still to say is refused.
 */

const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/**
 * Gives the node a new epoch; returns it. The row is that of `reportStatus`. What an earlier program of this name still
 * has under way is waited for.
 */
export async function beginEpoch(tx: Transaction, node: string, leaseMs: number): Promise<number> {
  await tx.rows('select 1 from node_status where name = ? for update', [node]);
  const [row] = await tx.rows<{ epoch: number }>(
    `update node_status set epoch = epoch + 1, policy_id = null, lease_until = ${NOW_MS} + ? where name = ? returning epoch`, [leaseMs, node]);
  return row!.epoch;
}

/** Keeps the node's epoch as it is until the transaction ends; returns false where it is another one by now. */
export async function holdLease(tx: Transaction, node: string, epoch: number): Promise<boolean> {
  return (await tx.rows('select 1 from node_status where name = ? and epoch = ? for key share', [node, epoch])).length > 0;
}

/** Says that the node is there. Returns false where another has taken over from it. */
export async function renewLease(tx: Transaction, node: string, epoch: number, leaseMs: number): Promise<boolean> {
  return (await tx.changed(`update node_status set lease_until = ${NOW_MS} + ? where name = ? and epoch = ?`, [leaseMs, node, epoch])) > 0;
}

/** Says that the node has ended: nobody has to wait for its lease to run out. */
export async function endLease(tx: Transaction, node: string, epoch: number): Promise<void> {
  await tx.rows('update node_status set lease_until = 0 where name = ? and epoch = ?', [node, epoch]);
}

/**
 * The nodes but `node` whose lease has run out, by name; none while the server is up for less than a lease: after an
 * outage all leases have run out, and those who are there are about to renew theirs. One that was not there to see an
 * outage knows of no other kind (`Lease.canJudge`).
 */
export async function deadNodes(db: Queryable, node: string, leaseMs: number): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(
    `select name from node_status where name <> ? and lease_until < ${NOW_MS}
       and pg_postmaster_start_time() < clock_timestamp() - ? * interval '1 millisecond' order by name`, [node, leaseMs]);
  return rows.map(({ name }) => name);
}

/** When the nodes that are not there any more last looked through their inboxes, by name. */
export async function silentNodes(db: Queryable): Promise<Map<string, string>> {
  if (db.dialect.engine === 'sqlite') return new Map();
  const rows = await db.rows<{ name: string; scanned_at: string }>(`select name, scanned_at from node_status where lease_until < ${NOW_MS}`);
  return new Map(rows.map(({ name, scanned_at }) => [name, scanned_at]));
}

/** The nodes but `node` that are there and work by a policy, by name. */
export async function livingNodes(db: Queryable, node: string): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(
    `select name from node_status where name <> ? and lease_until >= ${NOW_MS} and policy_id is not null order by name`, [node]);
  return rows.map(({ name }) => name);
}

/**
 * Shuts a dead node out: what it writes from now on is refused, and it cannot come back before the transaction ends.
 * Returns false where it is there after all, or still has a transaction under way.
 */
export async function shutOut(tx: Transaction, node: string): Promise<boolean> {
  const dead = await tx.rows(`select 1 from node_status where name = ? and lease_until < ${NOW_MS} for update skip locked`, [node]);
  if (dead.length === 0) return false;
  await tx.rows('update node_status set epoch = epoch + 1 where name = ?', [node]);
  return true;
}

/** Shuts out every node but `node` that is dead. What they have under way is waited for. */
export async function shutOutDead(tx: Transaction, node: string): Promise<void> {
  const dead = await tx.rows<{ name: string }>(`select name from node_status where name <> ? and lease_until < ${NOW_MS} order by name for update`, [node]);
  for (const { name } of dead) await tx.rows('update node_status set epoch = epoch + 1 where name = ?', [name]);
}

/** Says by which policy the node works. */
export async function markNodePolicy(tx: Transaction, node: string, policy: number): Promise<void> {
  await tx.rows('update node_status set policy_id = ? where name = ?', [policy, node]);
}
