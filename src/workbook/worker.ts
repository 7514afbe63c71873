import type { MessagePort } from 'node:worker_threads';
import type { ReadSettings } from '../config/settings.js';
import { IngestError, messageOf, systemCode, type ErrorCode } from '../errors.js';
import { writeAnswerFile, type AnswerRow } from './answer.js';
import { readWorkbook, type ReadSummary } from './read.js';

/** What runs in a thread of its own: reading, and writing answers. The main thread never parses. */

/** How many chunks may be under way to the database before reading waits. */
export const CREDITS = 4;

export interface ReadTask {
  readonly path: string;
  readonly settings: ReadSettings;
  /** Chunks go out here; each message that comes back allows one more. */
  readonly port: MessagePort;
}

/** Errors as they travel between threads. */
export type Outcome<T> = { readonly value: T } | { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean; readonly stack: string | undefined };

/** Reads a workbook. */
export async function read({ path, settings, port }: ReadTask): Promise<Outcome<ReadSummary>> {
  let credits = CREDITS;
  let wake: (() => void) | undefined;
  port.on('message', () => {
    credits += 1;
    wake?.();
  });
  try {
    return await settled(readWorkbook(path, settings, async (chunk) => {
      while (credits === 0) await new Promise<void>((resolve) => { wake = resolve; });
      credits -= 1;
      port.postMessage(chunk);
    }));
  } finally {
    port.close();
  }
}

/** Writes an answer workbook. */
export async function answer({ path, rows }: { path: string; rows: readonly AnswerRow[] }): Promise<Outcome<void>> {
  return settled(writeAnswerFile(path, rows));
}

async function settled<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    if (error instanceof IngestError) return { code: error.code, message: error.message, retryable: error.retryable, stack };
    const code = systemCode(error);
    if (code === 'ENOENT') return { code: 'vanished', message: 'the file was taken away while it was read', retryable: true, stack };
    if (code !== undefined && /^E[A-Z]+$/u.test(code)) return { code: 'io', message: `cannot be read: ${messageOf(error)}`, retryable: true, stack };
    return { code: 'internal', message: messageOf(error), retryable: false, stack };
  }
}
