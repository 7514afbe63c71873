import type { EventEmitter } from 'node:events';
import { format, transports, createLogger, type Logger } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import type { Settings } from './config/settings.js';
import { messageOf, printable } from './errors.js';

/** The log: one line for each change of state, with a fixed event name, a message for people, and fields. */
export type Log = Readonly<Record<'error' | 'warn' | 'info' | 'debug', (event: string, message: string, fields?: object) => void>> & {
  /** Writes what is left and closes. */
  close(): Promise<void>;
};

/** How its file is kept. */
interface FileOptions {
  /** A file that is larger is followed by another. */
  readonly maxSize: string;
  /** When one that failed is opened anew. */
  readonly reopenMs: number;
}

const USUAL: FileOptions = { maxSize: '20m', reopenMs: 10_000 };

/** Opens the log: readable lines where `isTerminal`, JSON lines elsewhere, and a rotating file where one is set. */
export function createLog(settings: Settings['log'], isTerminal = process.stdout.isTTY === true, options: Partial<FileOptions> = {}): Log {
  // A reader of stdout that goes away must not take the daemon along.
  process.stdout.removeAllListeners('error').on('error', () => undefined);
  const logger = createLogger({
    level: settings.level,
    transports: [new transports.Console({ format: isTerminal ? readable : json })],
    exitOnError: false,
  });
  logger.on('error', () => undefined);
  const streams = new Streams();
  if (settings.file !== null) addFile(logger, settings.file, { ...USUAL, ...options }, streams);
  const at = (level: string) => (event: string, message: string, fields: object = {}): void => { logger.log({ ...fields, level, message: printable(message), event }); };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), close: async () => closed(logger, streams) };
}

/** JSON leaves signs in that a terminal obeys; as escapes they say the same to every reader of JSON. */
const escaped = format((line) => ({ ...line, [WRITTEN]: printable(String(line[WRITTEN])) }));
const WRITTEN = Symbol.for('message');

const json = format.combine(format.timestamp(), format.json(), escaped());

const readable = format.combine(
  format.timestamp({ format: 'YYYY-MM-DD HH:mm:ss' }),
  format.printf(({ timestamp, level, message }) => `${String(timestamp)}  ${level === 'info' ? '' : `${level.toUpperCase()}  `}${String(message)}`),
);

/**
 * Adds a rotating file. A file that fails (a full disk) costs lines of the log, never the program: it is opened anew a
 * while later, for the stream below is of no use any more. That stream has to be asked, too: its errors end there.
 */
function addFile(logger: Logger, file: string, options: FileOptions, streams: Streams): void {
  let hasFailed = false;
  const fail = (error: unknown): void => {
    if (hasFailed) return;
    hasFailed = true;
    if (transport !== undefined) logger.remove(transport);
    logger.log({ level: 'warn', event: 'log-file', message: `the log file ${file} cannot be written (${messageOf(error)}): its lines are lost until it can` });
    setTimeout(() => { if (!logger.writableEnded) addFile(logger, file, options, streams); }, options.reopenMs).unref();
  };
  let transport: DailyRotateFile | undefined;
  try {
    transport = new DailyRotateFile({ filename: `${file}.%DATE%`, datePattern: 'YYYY-MM-DD', maxSize: options.maxSize, maxFiles: '30d', format: json });
    transport.on('error', fail);
    const { logStream } = transport as unknown as { logStream: EventEmitter };
    logStream.on('error', fail);
    streams.follow(logStream);
    logger.add(transport);
  } catch (error) {
    fail(error);
  }
}

/** The streams to files that are open: a file that was followed by another may still be written for a while. */
class Streams {
  private open = 0;
  private readonly waiting: (() => void)[] = [];

  /** Follows a rotating stream, which tells of each stream below it that begins and that is closed, written or failed. */
  follow(rotating: EventEmitter): void {
    this.open += 1;
    rotating.on('rotate', () => { this.open += 1; });
    rotating.on('close', () => {
      this.open -= 1;
      if (this.open === 0) for (const resolve of this.waiting.splice(0)) resolve();
    });
  }

  /** Resolves when none is open any more. */
  async closed(): Promise<void> {
    if (this.open > 0) await new Promise<void>((resolve) => { this.waiting.push(resolve); });
  }
}

/** The logger has finished when its lines are handed over; they are in the files when those are closed. */
async function closed(logger: Logger, streams: Streams): Promise<void> {
  await new Promise<void>((resolve) => {
    logger.once('finish', () => resolve());
    logger.end();
  });
  await streams.closed();
}
