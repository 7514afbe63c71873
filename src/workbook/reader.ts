import type { ReadSettings } from '../config/settings.js';
import type { AnswerRow } from './answer.js';
import type { ReadSummary } from './read.js';
import type { RowChunk } from './rows.js';
import { Threads } from './threads.js';
import type { AnswerTask, ReadTask } from './worker.js';

export type { AnswerRow } from './answer.js';
export type { ReadSummary } from './read.js';
export type { RowChunk } from './rows.js';

/** Rows of an answer travel to the thread in pages. */
const PAGE_ROWS = 500;
const ANSWER_STALL_SECONDS = 120;

/** Reads workbooks and writes answers in threads of their own. */
export class WorkbookReader {
  private readonly threads: Threads;

  constructor(options: { readonly threads: number; readonly heapMiB: number }) {
    this.threads = new Threads(options);
  }

  /**
   * Reads a file, handing over its rows in chunks, one after another; reading waits when four of them have not been
   * taken yet. Throws IngestError where the file is refused (then some chunks may have been handed over), `worker-lost`
   * where the thread hung for `stallSeconds`, died or ran out of memory, whatever `onChunk` throws, and the signal's
   * reason. `onChunk` is not running any more by then.
   */
  async read(
    path: string, settings: ReadSettings, onChunk: (chunk: RowChunk) => Promise<void>, signal?: AbortSignal,
  ): Promise<ReadSummary> {
    const task: ReadTask = { path, settings: plain(settings) };
    return this.threads.run('read', task, { answer: onChunk, stallSeconds: settings.stallSeconds, signal });
  }

  /**
   * Writes an answer workbook, whole or not at all. Rows that come one by one are taken as they are written: memory does
   * not grow with them. Throws IngestError, and whatever the rows throw.
   */
  async writeAnswer(path: string, rows: Iterable<AnswerRow> | AsyncIterable<AnswerRow>, signal?: AbortSignal): Promise<void> {
    const pages = pagesOf(rows);
    const task: AnswerTask = { path };
    try {
      await this.threads.run('answer', task, {
        answer: async () => { const page = await pages.next(); return page.done === true ? [] : page.value; },
        stallSeconds: ANSWER_STALL_SECONDS, signal,
      });
    } finally {
      await pages.return(undefined);
    }
  }

  /** Ends all reading and the threads. Safe twice. */
  async close(): Promise<void> {
    await this.threads.close();
  }
}

async function* pagesOf(rows: Iterable<AnswerRow> | AsyncIterable<AnswerRow>): AsyncGenerator<AnswerRow[]> {
  let page: AnswerRow[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length < PAGE_ROWS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Only what reading needs travels: settings may hold more. */
function plain({ sheet, headings, terms, dates, numbers, limits, stallSeconds }: ReadSettings): ReadSettings {
  return { sheet, headings, terms, dates, numbers, limits, stallSeconds };
}
