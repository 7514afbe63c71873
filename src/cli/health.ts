import { isPostgres } from '../config/database-url.js';
import { nodeName } from '../config/node.js';
import type { Settings } from '../config/settings.js';
import { troubledBatches } from '../store/batches.js';
import { nodeStatus } from '../store/nodes.js';
import type { NodeStatus } from '../store/entities/node-status.js';
import { ask, print, printJson, type AddCommand } from './command.js';

/**
 * `health`: whether the daemon looks through its inbox and makes progress: this node's, or any on the database where this
 * node has none. Batches that do not go on are named, and no more: a daemon that is started anew for one file's sake
 * would be so for ever.
 */
export const addHealth: AddCommand = (program) => {
  program.command('health')
    .description('exit 0 while the daemon scans and makes progress, of several nodes the one of this name, else 1; names batches that do not go on')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  scd-inbox health && echo fine')
    .action(async (options: { json?: true }) => {
      const { here, verdicts, troubled } = await ask(async (db, settings) => {
        const name = nodeName(settings);
        const verdicts = (await nodeStatus(db)).map((node) => ({ node, fault: hasGone(node, settings) ? 'was stopped' : faultOf(node, name, Date.now()) }));
        return { here: name, verdicts, troubled: await troubledBatches(db) };
      });
      // SQLite, with its one daemon, knows no leases: there it is whoever ran last.
      const own = verdicts.filter(({ node }) => node.name === here && node.lease_until > 0);
      const isHealthy = (own.length > 0 ? own : verdicts).some(({ fault }) => fault === undefined);
      if (options.json) printJson({ healthy: isHealthy, daemons: verdicts.map(({ node, fault }) => ({ ...node, fault: fault ?? null })), batches: troubled });
      else if (verdicts.length === 0) print('no daemon has run on this database yet: start one with scd-inbox run');
      else for (const { node, fault } of verdicts) print(`${node.name} (pid ${node.pid}, inbox ${node.inbox}): ${fault ?? 'scans and makes progress'}`);
      if (!options.json) for (const { id, filename, error } of troubled) print(`batch ${id} (${filename}) does not go on: ${error}`);
      if (!isHealthy) process.exitCode = 1;
    });
};

/** Of several nodes, one that gave its lease back was told to stop, or was a command: it is not waited for. */
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
