import type { MessagePort } from 'node:worker_threads';
import type { ReadSettings } from '../config/settings.js';
import { IngestError, fileError, isOfSystem, messageOf, printable, type ErrorCode, type Facts } from '../errors.js';
import { writeAnswerFile, type AnswerRow } from './answer.js';
import { Line } from './line.js';
import { readWorkbook, type ReadSummary } from './read.js';

/** What runs in a thread of its own: reading, and writing answers. The main thread never parses. */

/** How many chunks may be under way to the database before reading waits. */
const CREDITS = 4;

export interface ReadTask {
  readonly path: string;
  readonly settings: ReadSettings;
}

/** Its rows are asked for page by page; a page without rows is the last. */
export interface AnswerTask {
  readonly path: string;
}

/** What a task ends with. Errors travel between threads as plain values. */
export type Outcome<T> = { readonly value: T } | {
  readonly code: ErrorCode; readonly message: string; readonly retryable: boolean; readonly facts: Facts; readonly stack: string | undefined;
};

type Task<T> = T & { readonly port: MessagePort };

/**
 * Reads a workbook; each chunk of its rows is a question, answered when it has been stored. Of the last one the thread
 * does not wait to hear: it is free for the next file meanwhile.
 */
export async function read({ path, settings, port }: Task<ReadTask>): Promise<Outcome<ReadSummary>> {
  return onLine(port, (error) => fileError(`cannot read ${path}`, error, 'vanished'), async (line) => {
    const underWay: Promise<unknown>[] = [];
    try {
      return await readWorkbook(path, settings, {
        alive: () => line.alive(),
        chunk: async (chunk) => {
          underWay.push(line.ask(chunk));
          if (underWay.length >= CREDITS) await underWay.shift();
        },
      });
    } finally {
      await Promise.all(underWay.slice(0, -1));
    }
  });
}

/** Writes an answer workbook. */
export async function answer({ path, port }: Task<AnswerTask>): Promise<Outcome<void>> {
  return onLine(port, (error) => fileError(`cannot write the answer ${path}`, error), async (line) => writeAnswerFile(path, rowsFrom(line)));
}

async function* rowsFrom(line: Line): AsyncGenerator<AnswerRow> {
  for (;;) {
    const page = await line.ask('more') as readonly AnswerRow[];
    if (page.length === 0) return;
    yield* page;
    line.alive();
  }
}

/** Does work over a line; `told` makes an error of the system one for people. */
async function onLine<T>(port: MessagePort, told: (error: unknown) => IngestError, work: (line: Line) => Promise<T>): Promise<Outcome<T>> {
  const line = new Line(port);
  try {
    return { value: await work(line) };
  } catch (error) {
    return refusal(error, isOfSystem(error) ? told(error) : error);
  } finally {
    line.end();
  }
}

function refusal(thrown: unknown, error: unknown): Outcome<never> {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (!(error instanceof IngestError)) return { code: 'internal', message: messageOf(error), retryable: false, facts: {}, stack };
  return { code: error.code, message: printable(error.message), retryable: error.retryable, facts: plain(error.facts), stack };
}

/** Facts as JSON holds them: what cannot travel must not turn a refusal into a lost thread. */
function plain(facts: Facts): Facts {
  return JSON.parse(JSON.stringify(facts)) as Facts;
}
