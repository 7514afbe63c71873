import { instant } from '../clock.js';
import type { Transaction } from './database.js';
import type { NodeStatus } from './entities/node-status.js';
import type { Queryable } from './queryable.js';

/** The verbs of `node_status`: what a daemon says of itself. */

export interface NodeReport {
  readonly name: string;
  readonly pid: number;
  readonly inbox: string;
  readonly startedAt: number;
  readonly scanSeconds: number;
  readonly isIdle: boolean;
  /** How many files have ended since the start. */
  readonly outcomes: number;
}

/** Says that a daemon has looked through its inbox; progress is a file that ended, or none to work on. */
export async function reportStatus(tx: Transaction, report: NodeReport): Promise<void> {
  const now = instant(tx.now());
  await tx.rows(
    `insert into node_status (name, pid, inbox, started_at, scanned_at, progressed_at, scan_seconds, outcomes)
     values (?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (name) do update set pid = excluded.pid, inbox = excluded.inbox, started_at = excluded.started_at,
       scanned_at = excluded.scanned_at, scan_seconds = excluded.scan_seconds, outcomes = excluded.outcomes,
       progressed_at = case when ? or node_status.outcomes <> excluded.outcomes or node_status.pid <> excluded.pid
         then excluded.scanned_at else node_status.progressed_at end`,
    [report.name, report.pid, report.inbox, instant(report.startedAt), now, now, report.scanSeconds, report.outcomes, Number(report.isIdle)],
  );
}

/** What the daemons on this database last said, the latest first. */
export async function nodeStatus(db: Queryable): Promise<NodeStatus[]> {
  return db.rows<NodeStatus>('select * from node_status order by scanned_at desc');
}
