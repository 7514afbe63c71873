import * as real from 'node:fs/promises';
import { jest } from '@jest/globals';

/** What the file system under test is made to do. */
export interface Faults {
  /** From this call on every call fails, as if the process had been killed: 0 is the first. */
  killAt: number;
  /** How many calls there were. */
  calls: number;
  /** Calls that fail with a code of the system: by function, told the arguments. */
  refuse: (verb: string, args: readonly unknown[]) => string | undefined;
  /** Done before a call: what others do meanwhile. */
  before: (verb: string, args: readonly unknown[]) => void;
}

export const faults: Faults = { killAt: Infinity, calls: 0, refuse: () => undefined, before: () => undefined };

export function mend(): void {
  Object.assign(faults, { killAt: Infinity, calls: 0, refuse: () => undefined, before: () => undefined });
}

const VERBS = ['link', 'rename', 'unlink', 'rm', 'rmdir', 'mkdir', 'open', 'writeFile', 'lstat', 'readdir'] as const;

/** One call of the file system under test: counted, told, and refused where it is to be. */
async function call<T>(verb: string, args: readonly unknown[], work: () => Promise<T>): Promise<T> {
  if (faults.calls >= faults.killAt) throw new Error('killed');
  faults.calls += 1;
  faults.before(verb, args);
  const code = faults.refuse(verb, args);
  if (code !== undefined) throw Object.assign(new Error(`${code}: ${verb}`), { code });
  return work();
}

/** A file that was opened is synced as a call of its own, `sync` of its path. */
async function opened(...args: Parameters<typeof real.open>): Promise<real.FileHandle> {
  const handle = await real.open(...args);
  const sync = handle.sync.bind(handle);
  handle.sync = async () => call('sync', [args[0]], sync);
  return handle;
}

/** Puts a file system in place that counts calls and can fail; to be called before the modules under test are imported. */
export function mockFileSystem(): void {
  const verbs = Object.fromEntries(VERBS.map((verb) => [verb, async (...args: unknown[]): Promise<unknown> =>
    call(verb, args, async () => ((verb === 'open' ? opened : real[verb]) as (...all: unknown[]) => Promise<unknown>)(...args))]));
  jest.unstable_mockModule('node:fs/promises', () => ({ ...real, ...verbs }));
}
