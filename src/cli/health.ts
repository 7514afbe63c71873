import { isPostgres } from '../config/database-url.js';
import { nodeName } from '../config/node.js';
import type { Settings } from '../config/settings.js';
import { troubledBatches } from '../store/batches.js';
import type { NodeStatus } from '../store/entities/node-status.js';
import { nodeStatus } from '../store/nodes.js';
import type { Queryable } from '../store/queryable.js';
import { ask, print, printJson, type AddCommand } from './command.js';

/**
 * `health`: whether the daemon looks through its inbox and makes progress: this node's, or any on the database where this
 * node has none. Batches that do not go on are named, and no more: a daemon that is started anew for one file's sake
 * would be so for ever.
 */
export const addHealth: AddCommand = (program) => {
  program.command('health')
    .description('exit 0 while the daemon scans and makes progress, else 1: of several nodes the one of this name, or any where that one gave its lease back; names batches that do not go on')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  scd-inbox health && echo fine')
    .action(async (options: { json?: true }) => {
      const { here, verdicts, troubled } = await ask(async (db, settings) => {
        const name = nodeName(settings);
        const verdicts = (await lastSeen(db, settings)).map((node) => ({ node, fault: hasGone(node, settings) ? 'does not run: it was stopped, could not start, or was a command' : faultOf(node, name, Date.now()) }));
        return { here: name, verdicts, troubled: await troubledBatches(db) };
      });
      const own = verdicts.filter(({ node }) => node.name === here && node.lease_until > 0);
      const isHealthy = (own.length > 0 ? own : verdicts).some(({ fault }) => fault === undefined);
      if (options.json) printJson({ healthy: isHealthy, daemons: verdicts.map(({ node, fault }) => ({ ...node, fault: fault ?? null })), batches: troubled });
      else if (verdicts.length === 0) print('no daemon has run on this database yet: start one with scd-inbox run');
      else for (const { node, fault } of verdicts) print(`${node.name} (pid ${node.pid}, inbox ${node.inbox}): ${fault ?? 'scans and makes progress'}`);
      if (!options.json) for (const { id, filename, error } of troubled) print(`batch ${id} (${filename}) does not go on: ${error}`);
      if (!isHealthy) process.exitCode = 1;
    });
};

/** What the daemons last said. On SQLite, with its one daemon, it is whoever ran last: names before it are of the past. */
async function lastSeen(db: Queryable, { database }: Settings): Promise<readonly NodeStatus[]> {
  const nodes = await nodeStatus(db);
  return isPostgres(database) ? nodes : nodes.slice(0, 1);
}

/** Of several nodes, one that gave its lease back has ended in order, be it by an error: it is not waited for. */
function hasGone(node: NodeStatus, { database }: Settings): boolean {
  return isPostgres(database) && node.lease_until === 0;
}

const LEAST_SILENCE_MS = 30_000;
/** A single file of a million rows may be worked on for minutes before it ends. */
const STUCK_MS = 30 * 60_000;

/** What is wrong with a daemon at an instant, or undefined; `here` is the name of the node that asks. */
function faultOf(node: NodeStatus, here: string, now: number): string | undefined {
  if (node.name === here && !isRunning(node.pid)) return 'does not run any more: start it with scd-inbox run';
  const silence = now - Date.parse(node.scanned_at);
  if (silence > Math.max(3 * node.scan_seconds * 1000, LEAST_SILENCE_MS)) return `has not looked through its inbox for ${Math.round(silence / 1000)} s: look at its log`;
  if (now - Date.parse(node.progressed_at) > STUCK_MS) return `no file has ended since ${node.progressed_at}: look at its log`;
  return undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
