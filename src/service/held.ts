import { resolve } from 'node:path';
import type { Clock } from '../clock.js';
import { isPostgres } from '../config/database-url.js';
import { nodeName } from '../config/node.js';
import type { Settings } from '../config/settings.js';
import { IngestError, hasCode } from '../errors.js';
import { copyPart } from '../inbox/copy.js';
import { removeFile } from '../inbox/files.js';
import { probe } from '../inbox/probe.js';
import type { Log } from '../log.js';
import { Database, openReader } from '../store/database.js';
import { InstanceLock } from '../store/instance-lock.js';
import { nodeStatus, type NodeReport } from '../store/nodes.js';
import { Lease } from './lease.js';

/** What a daemon holds while it is there. */
export interface Held {
  readonly lock: InstanceLock;
  readonly database: Database;
  /** Where several nodes work on the database. */
  readonly lease: Lease | undefined;
}

/** What a daemon says of itself when it starts. */
export function reportOf(settings: Settings, startedAt: number): NodeReport {
  return {
    name: nodeName(settings), pid: process.pid, inbox: resolve(settings.inbox), startedAt, scanSeconds: Math.ceil(settings.scanSeconds), isIdle: true, outcomes: 0,
  };
}

/** Takes the lock, probes the folders, opens the database and takes the lease; frees what it has where one of them fails. */
export async function hold(settings: Settings, log: Log, clock: Clock): Promise<Held> {
  const lock = await takeLock(settings);
  let database: Database | undefined;
  try {
    const sharing = isPostgres(settings.database) ? nodeName(settings) : undefined;
    await probe(settings.inbox, 'inbox', sharing);
    await probe(settings.archive, 'archive', sharing);
    await removeFile(copyPart(settings.inbox, sharing));
    // A node that is stopped in the middle of a transaction must not hold its locks for longer than its lease.
    database = await Database.open(settings.database, clock, settings.leaseSeconds);
    const lease = sharing === undefined ? undefined : await Lease.take(database, reportOf(settings, clock()), settings.leaseSeconds, log);
    return { lock, database, lease };
  } catch (error) {
    await database?.close();
    await lock.release();
    throw error;
  }
}

/** Frees everything. */
export async function letGo({ lock, database, lease }: Held): Promise<void> {
  await lease?.stop();
  await database.close();
  await lock.release();
}

async function takeLock(settings: Settings): Promise<InstanceLock> {
  try {
    return await InstanceLock.take(settings.database, nodeName(settings));
  } catch (error) {
    if (!hasCode(error, 'locked')) throw error;
    const inbox = await inboxOfHolder(settings).catch(() => undefined);
    throw new IngestError('locked', `${error.message}${inbox === undefined ? '' : `; drop files into its inbox: ${inbox}`}`, { cause: error });
  }
}

async function inboxOfHolder(settings: Settings): Promise<string | undefined> {
  const reader = await openReader(settings.database);
  try {
    const known = await nodeStatus(reader);
    return (known.find(({ name }) => name === nodeName(settings)) ?? known[0])?.inbox;
  } finally {
    await reader.close();
  }
}
