import { writeSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { systemClock } from '../clock.js';
import { loadSettings } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { IngestError, messageOf, printable } from '../errors.js';
import { Database, inSnapshot, openReader } from '../store/database.js';
import type { Queryable } from '../store/queryable.js';
import { instantArgument } from './arguments.js';

/** A command of the program: it adds itself. */
export type AddCommand = (program: Command) => void;

/** Writes lines to standard output; what a terminal would obey instead of showing it is escaped. */
export function print(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/** Prints data for programs. */
export function printJson(data: unknown): void {
  print(JSON.stringify(data, null, 2));
}

/** Asks the database of the settings in force; everything is answered from one moment. */
export async function ask<T>(question: (db: Queryable, settings: Settings) => Promise<T>): Promise<T> {
  const settings = loadSettings();
  const reader = await openReader(settings.database);
  try {
    return await inSnapshot(reader, async () => question(reader, settings));
  } finally {
    await reader.close();
  }
}

/** Changes the database of the settings in force, beside the daemon too. Refuses where there is none. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const { database: url, leaseSeconds } = loadSettings();
  // Refuses, instead of making an empty one.
  await (await openReader(url)).close();
  const database = await Database.open(url, systemClock, leaseSeconds);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Ends the program at once when its disk fails: nothing that is under way may say that it is done. */
export function endAtOnce(error: unknown): void {
  try {
    writeSync(process.stderr.fd, `scd-inbox: ${messageOf(error)}\n`);
  } finally {
    // Also where nobody reads what it says any more.
    process.exit(1);
  }
}

/** The number of a batch as it was typed; refuses anything else. */
export function batchNumber(text: string): number {
  if (!/^[1-9]\d*$/u.test(text)) throw new IngestError('usage', `expected the number of a batch, found "${text}"; scd-inbox batches lists them`);
  return Number(text);
}

/** The moment that a question is about, as the database keeps it. */
export interface KnownAt {
  readonly knownAt?: string;
}

/** `--known-at`: asks what would have been answered then. */
export function knownAtOption(): Option {
  return new Option('--known-at <time>', 'answer as it would have been answered then, such as 2024-04-02T09:00Z')
    .argParser((text) => instantArgument('--known-at', text));
}
