import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { hasCode, messageOf } from '../errors.js';
import { addAsOf } from './as-of.js';
import { addBatches } from './batches.js';
import { addCheck } from './check.js';
import type { AddCommand } from './command.js';
import { addConfig } from './config.js';
import { addCopy } from './copy.js';
import { addApprove, addReject, addRetry } from './decide.js';
import { addDelete } from './delete.js';
import { addErrors } from './errors.js';
import { addExplain } from './explain.js';
import { addExport } from './export.js';
import { addHealth } from './health.js';
import { addHistory } from './history.js';
import { addPlan } from './plan.js';
import { addProcess } from './process.js';
import { addRebuild } from './rebuild.js';
import { addRun } from './run.js';
import { addSample } from './sample.js';

const COMMANDS: readonly AddCommand[] = [
  addRun, addProcess, addPlan, addBatches, addErrors, addHistory, addAsOf, addSample, addExplain, addExport, addDelete,
  addRetry, addApprove, addReject, addCheck, addRebuild, addCopy, addConfig, addHealth,
];

/** Runs the command line; sets the exit status: 2 for bad usage or settings, 1 for what else went wrong. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command('scd-inbox')
    .description('Drop workbooks into a folder, get their history.')
    .version(version())
    // `delete --version 77` is about a version of the history, not of the program.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(scd-inbox --help says more)');
  for (const add of COMMANDS) add(program);
  for (const command of program.commands) command.exitOverride();
  process.stdout.on('error', endOfOutput);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else fail(error);
  }
}

/** Whoever read the output has seen enough (`| head`), or there is no room for more of it. */
function endOfOutput(error: NodeJS.ErrnoException): never {
  if (error.code !== 'EPIPE') fail(error);
  process.exit();
}

function fail(error: unknown): void {
  process.stderr.write(`scd-inbox: ${messageOf(error)}\n`);
  if (process.env['SCD_LOG_LEVEL'] === 'debug' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  const isUsage = hasCode(error, 'usage') || hasCode(error, 'settings');
  process.exitCode = isUsage ? 2 : 1;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
