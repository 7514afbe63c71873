import { loadSettings, unknownNames } from '../config/load.js';
import { createLog } from '../log.js';
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
      const daemon = await Daemon.open(settings, log, { onFatal: endAtOnce });
      const stopped = stopSignal();
      daemon.start();
      log.info('started', `watching ${settings.inbox}; drop workbooks there`, { inbox: settings.inbox, archive: settings.archive });
      log.info('stopping', `${await stopped}: no further file is taken in, what is under way ends`);
      await daemon.close();
      log.info('stopped', 'stopped');
      await log.close();
    });
};

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
