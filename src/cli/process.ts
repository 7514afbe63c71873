import { rename } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { loadSettings } from '../config/load.js';
import { IngestError, messageOf, passUnlessDisk } from '../errors.js';
import { makeClaim } from '../inbox/claim.js';
import { copyPart, copyWhole } from '../inbox/copy.js';
import { syncFolder } from '../inbox/files.js';
import { createLog } from '../log.js';
import { Daemon } from '../service/daemon.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { endAtOnce, type AddCommand } from './command.js';

/** `process`: one pass, to the end of everything there is. */
export const addProcess: AddCommand = (program) => {
  program.command('process')
    .description('take in what lies in the inbox, or copies of the files named, and exit')
    .argument('[files...]', 'workbooks to take in; they stay where they are')
    .addHelpText('after', '\nExit status: 0 all ended Complete or Duplicate, 1 any ended Error or was put off, or it was stopped,'
        + '\n2 bad usage or settings, 3 otherwise, while a batch is Held and waits for approve or reject.'
      + '\n\nExamples:\n  scd-inbox process\n  scd-inbox process ~/Downloads/0128_Jan.xlsx')
    .action(async (files: string[]) => {
      const settings = loadSettings();
      const log = createLog(settings.log);
      const bar = progressBar();
      const outcomes: StageBatch[] = [];
      const daemon = await Daemon.open(settings, log, {
        onFatal: endAtOnce, onOutcome: (batch) => outcomes.push(batch), onRows: (filename, rows) => bar?.onRows(filename, rows),
      });
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () => {
          log.info('stopping', `${signal}: no further file is copied or taken in, what is under way ends`);
          daemon.stop();
        });
      }
      void daemon.lost.then(({ message, facts }) => log.error('lost', `${message}; what is left here is taken in by the next run`, { ...facts }));
      try {
        for (const file of files) if (!daemon.isStopping) await claimCopy(settings.inbox, daemon.node, file);
        await daemon.runOnce();
        if (daemon.isStopping || daemon.intake.putOff > 0 || outcomes.some(({ batch_status }) => batch_status === 'Error')) process.exitCode = 1;
        else if (await daemon.countHeld() > 0) process.exitCode = 3;
      } finally {
        bar?.stop();
        await daemon.close();
        await log.close();
      }
    });
};

/** Puts a copy of a file where claimed files lie: the pass takes it up as work that was begun. */
async function claimCopy(inbox: string, node: string | undefined, file: string): Promise<void> {
  const token = randomUUID();
  try {
    // The copy becomes whole outside the claim: a kill must not leave half a file that looks claimed.
    const part = copyPart(inbox, node);
    await copyWhole(file, part);
    const folder = await makeClaim(inbox, token, node);
    await rename(part, join(folder, basename(file)));
    await syncFolder(folder);
    await syncFolder(inbox);
  } catch (error) {
    passUnlessDisk(error);
    throw new IngestError('usage', `${file}: cannot be copied into the inbox (${messageOf(error)}); files named before it were copied and are taken in by the next run`, { cause: error });
  }
}

/** A bar on a terminal, told of the rows that were staged: how many, how fast, of which file. */
function progressBar(): { onRows(filename: string, rows: number): void; stop(): void } | undefined {
  if (!process.stderr.isTTY) return undefined;
  const format = '{value} rows  {rate} rows/s  {duration_formatted}  {filename}';
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true });
  const begun = performance.now();
  let staged = 0;
  bar.start(0, 0, { filename: '', rate: 0 });
  return {
    onRows: (filename, rows) => {
      staged += rows;
      bar.increment(rows, { filename, rate: Math.round(staged / ((performance.now() - begun) / 1000)) });
    },
    stop: () => bar.stop(),
  };
}
