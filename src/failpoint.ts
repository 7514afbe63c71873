import { writeSync } from 'node:fs';

/**
 * Fail points: named places between two steps of the protocol where the tests make the program die, fail or wait. They
 * do nothing unless the environment says so: `SCD_FAILPOINT=NAME:DEED[:NTH]`, several joined by commas.
 *
 *   exit    the process is killed as by SIGKILL
 *   throw   an error that nobody expects
 *   sleep   a pause in which the program can be told to stop
 *   stop    the process is stopped as by SIGSTOP, until somebody continues it
 *
 * Each says so on stderr. NTH limits it to the nth time that the point is reached; without it, it is done every time.
 */

const PAUSE_MS = 500;

type Deed = (name: string) => Promise<void> | void;

const DEEDS: Readonly<Record<string, Deed>> = {
  exit: () => { process.kill(process.pid, 'SIGKILL'); },
  stop: () => { process.kill(process.pid, 'SIGSTOP'); },
  throw: (name) => { throw new Error(`fail point ${name}`); },
  sleep: async () => {
    await new Promise((wake) => setTimeout(wake, PAUSE_MS));
  },
};

interface Armed {
  readonly deed: Deed;
  readonly nth: number | undefined;
  reached: number;
}

/** A place where the tests may interrupt the program. */
export async function failpoint(name: string): Promise<void> {
  if (ARMED.size === 0) return;
  const armed = ARMED.get(name);
  if (armed === undefined) return;
  armed.reached += 1;
  if (armed.nth !== undefined && armed.nth !== armed.reached) return;
  writeSync(process.stderr.fd, `fail point ${name}\n`);
  await armed.deed(name);
}

/** What a setting of `SCD_FAILPOINT` arms; what it does not understand is an error, for a test would test nothing. */
export function armedBy(setting: string | undefined): Map<string, Armed> {
  const points = (setting ?? '').split(',').filter((part) => part !== '').map((part): [string, Armed] => {
    const [name, deed, nth] = part.split(':');
    const known = DEEDS[deed ?? ''];
    if (known === undefined || (nth !== undefined && !/^[1-9]\d*$/u.test(nth))) {
      throw new Error(`SCD_FAILPOINT: expected NAME:${Object.keys(DEEDS).join('|')}[:NTH], found "${part}"`);
    }
    return [name!, { deed: known, nth: nth === undefined ? undefined : Number(nth), reached: 0 }];
  });
  return new Map(points);
}

const ARMED = armedBy(process.env['SCD_FAILPOINT']);
