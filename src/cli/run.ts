import { loadSettings, unknownNames } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { createLog, type Log } from '../log.js';
import { Daemon } from '../service/daemon.js';
import { endAtOnce, type AddCommand } from './command.js';

/** `run`: the daemon, until it is told to stop. */
export const addRun: AddCommand = (program) => {
  program.command('run')
    .description('watch the inbox and take in what is dropped there, until SIGTERM or SIGINT')
    .addHelpText('after', '\nExample:\n  SCD_INBOX=/srv/inbox scd-inbox run')
    .action(async () => {
      const settings = loadSettings();
      const log = createLog(settings.log);
      for (const name of unknownNames()) log.warn('settings', `${name} is in the environment, but there is no such setting: it is ignored`, { name });
      const stopped = stopSignal();
      while (!(await runUntil(stopped, settings, log)));
      log.info('stopped', 'stopped');
      await log.close();
    });
};

/** Runs a daemon until it is told to stop, and then returns true; or until others go on with its work. */
async function runUntil(stopped: Promise<string>, settings: Settings, log: Log): Promise<boolean> {
  const daemon = await Daemon.open(settings, log, { onFatal: endAtOnce });
  daemon.start();
  log.info('started', `watching ${settings.inbox}; drop workbooks there`, { inbox: settings.inbox, archive: settings.archive });
  const end = await Promise.race([stopped, daemon.lost]);
  const isToStop = typeof end === 'string';
  if (isToStop) log.info('stopping', `${end}: no further file is taken in, what is under way ends`);
  else log.warn('lost', end.message, { ...end.facts });
  await daemon.close();
  return isToStop;
}

/** The first signal to stop; a second one ends the process at once: a kill at any instant loses nothing. */
export async function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isFirst = true;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (!isFirst) process.exit(signal === 'SIGTERM' ? 143 : 130);
        isFirst = false;
        resolve(signal);
      });
    }
  });
}
