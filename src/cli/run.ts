import { systemClock } from '../clock.js';
import { loadSettings, unknownNames } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { hasCode, type IngestError } from '../errors.js';
import { createLog, type Log } from '../log.js';
import { Daemon } from '../service/daemon.js';
import { Outage } from '../service/outage.js';
import { isOutage } from '../store/database.js';
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
      const outage = new Outage(log, systemClock);
      let isToStop = await runUntil(stopped, settings, log, outage);
      while (!isToStop) isToStop = await runAnew(stopped, settings, log, outage);
      log.info('stopped', 'stopped');
      await log.close();
    });
};

/** Runs a daemon until it is told to stop, and then returns true; or until others go on with its work. */
async function runUntil(stopped: Promise<string>, settings: Settings, log: Log, outage: Outage): Promise<boolean> {
  const daemon = await open(settings, log);
  if (daemon === undefined) return false;
  outage.end();
  daemon.start();
  log.info('started', `watching ${settings.inbox}; drop workbooks there`, { inbox: settings.inbox, archive: settings.archive });
  const end = await Promise.race([stopped, daemon.lost]);
  const isToStop = typeof end === 'string';
  if (isToStop) log.info('stopping', `${end}: no further file is taken in, what is under way ends`);
  else sayLost(log, end);
  await daemon.close();
  return isToStop;
}

/** Undefined where others go on with the node's work before it has begun: it may take long, after a change of policy. */
async function open(settings: Settings, log: Log): Promise<Daemon | undefined> {
  try {
    return await Daemon.open(settings, log, { onFatal: endAtOnce });
  } catch (error) {
    if (!hasCode(error, 'lost')) throw error;
    sayLost(log, error);
    return undefined;
  }
}

function sayLost(log: Log, { message, facts }: IngestError): void {
  log.warn('lost', `${message}; it begins anew`, { ...facts });
}

/** The same for a daemon that has run before: where the database is away it is waited for, as it would be at work. */
async function runAnew(stopped: Promise<string>, settings: Settings, log: Log, outage: Outage): Promise<boolean> {
  try {
    return await runUntil(stopped, settings, log, outage);
  } catch (error) {
    if (!isOutage(error)) throw error;
    outage.notice(error);
    return isStoppedWithin(settings.scanSeconds * 1000, stopped);
  }
}

async function isStoppedWithin(ms: number, stopped: Promise<string>): Promise<boolean> {
  let timer: NodeJS.Timeout;
  const isOver = new Promise<false>((wake) => { timer = setTimeout(() => wake(false), ms); });
  return Promise.race([stopped.then(() => true), isOver]).finally(() => clearTimeout(timer));
}

/** The first signal to stop; a second one ends the process at once: a kill at any instant loses nothing. */
async function stopSignal(): Promise<string> {
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
