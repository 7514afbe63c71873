import { loadSettings } from '../config/load.js';
import { nodeName } from '../config/node.js';
import type { Settings } from '../config/settings.js';
import { hasCode } from '../errors.js';
import { approveBatch, rejectBatch, retryBatch } from '../ingest/decide.js';
import { outcomeLine } from '../ingest/outcome.js';
import { createLog } from '../log.js';
import { Daemon } from '../service/daemon.js';
import { findBatch } from '../store/batches.js';
import type { Store } from '../store/rehearsal.js';
import type { BatchStatus, StageBatch } from '../store/entities/stage-batch.js';
import { ask, batchNumber, endAtOnce, print, printJson, withDatabase, type AddCommand } from './command.js';

/** `retry`, `approve` and `reject`: what a person decides about a batch, written down and then carried out. */

export const addRetry: AddCommand = (program) => decision(program, {
  name: 'retry', done: 'begun anew', decide: retryBatch, isWanted: (status) => status === 'Complete',
  description: 'read the file of a batch in Error again from where it was archived, under the settings of today',
  help: 'The batch keeps its number. Dropping the same file into the inbox again does the same. The answer to the first try\n'
    + 'stays in the archive: somebody may be mending it.',
});

export const addApprove: AddCommand = (program) => decision(program, {
  name: 'approve', done: 'approved', decide: approveBatch, isWanted: (status) => status === 'Complete',
  description: 'load a batch that is Held because it would zero too many items',
  help: 'It is admitted anew: rows that contradict what came meanwhile fail. The guard does not hold this batch back again.',
});

export const addReject: AddCommand = (program) => decision(program, {
  name: 'reject', done: 'rejected', decide: rejectBatch, isWanted: (status) => status === 'Error',
  description: 'refuse a batch that is Held because it would zero too many items',
  help: 'It ends in Error, and its file is moved to archive/rejected. A retry takes that back.',
});

interface Decision {
  readonly name: string;
  readonly description: string;
  readonly help: string;
  readonly done: string;
  readonly decide: (store: Store, id: number) => Promise<StageBatch>;
  /** Whether this is how the batch was meant to end. */
  readonly isWanted: (status: BatchStatus) => boolean;
}

function decision(program: Parameters<AddCommand>[0], { name, description, help, done, decide, isWanted }: Decision): void {
  program.command(name)
    .description(description)
    .argument('<batch>', 'the number of the batch')
    .option('--json', 'print JSON')
    .addHelpText('after', `\n${help}\nBeside a daemon the command only writes the decision down, and the daemon carries it out at its next look.`
      + `\n\nExit status: 0 as wanted or handed to the daemon, 1 it ended otherwise, 2 it cannot be done, 3 it is Held.\n\nExample:\n  scd-inbox ${name} 12`)
    .action(async (text: string, options: { json?: true }) => {
      const id = batchNumber(text);
      await withDatabase(async (database) => decide(database, id));
      const settings = loadSettings();
      const wasTried = await carryOut(settings, id);
      const batch = (await ask(async (db) => findBatch(db, id)))!;
      const isCarriedOut = wasTried && !isLeftToAnother(batch, nodeName(settings));
      if (options.json) printJson({ batch: id, status: batch.batch_status, error: batch.error, handedToDaemon: !isCarriedOut });
      else if (isCarriedOut) print(outcomeLine(batch));
      else print(`batch ${id} ${done}: the daemon that takes files in for this database carries it out at its next look; scd-inbox batches shows it`);
      if (!isCarriedOut) return;
      if (!isWanted(batch.batch_status)) process.exitCode = batch.batch_status === 'Held' ? 3 : 1;
    });
}

/** Of several nodes, the one that has the file of a batch carries a decision out. */
function isLeftToAnother({ owner, batch_status: status }: StageBatch, here: string): boolean {
  return owner !== null && owner !== here && (status === 'In Progress' || status === 'Held');
}

/** Sees the batch through; returns false where another program takes files in and will do it. */
async function carryOut(settings: Settings, id: number): Promise<boolean> {
  const log = createLog({ ...settings.log, level: 'error' });
  try {
    const daemon = await Daemon.open(settings, log, { onFatal: endAtOnce });
    try {
      await daemon.runBatch(id);
    } finally {
      await daemon.close();
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'locked')) return false;
    throw error;
  } finally {
    await log.close();
  }
}
