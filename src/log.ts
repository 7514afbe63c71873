import { format, transports, createLogger, type Logger } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import type { Settings } from './config/settings.js';

/** The log: one line for each change of state, with a fixed event name, a message for people, and fields. */
export type Log = Readonly<Record<'error' | 'warn' | 'info' | 'debug', (event: string, message: string, fields?: object) => void>> & {
  /** Writes what is left and closes. */
  close(): Promise<void>;
};

/** Opens the log: readable lines where `isTerminal`, JSON lines elsewhere, and a rotating file where one is set. */
export function createLog(settings: Settings['log'], isTerminal = process.stdout.isTTY === true): Log {
  // A reader of stdout that goes away must not take the daemon along.
  process.stdout.removeAllListeners('error').on('error', () => undefined);
  const logger = createLogger({
    level: settings.level,
    transports: [new transports.Console({ format: isTerminal ? readable : json }), ...fileTransports(settings.file)],
    exitOnError: false,
  });
  logger.on('error', () => undefined);
  const at = (level: string) => (event: string, message: string, fields: object = {}): void => { logger.log({ level, message, event, ...fields }); };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), close: async () => closed(logger) };
}

const json = format.combine(format.timestamp(), format.json());

const readable = format.combine(
  format.timestamp({ format: 'YYYY-MM-DD HH:mm:ss' }),
  format.printf(({ timestamp, level, message }) => `${String(timestamp)}  ${level === 'info' ? '' : `${level.toUpperCase()}  `}${String(message)}`),
);

function fileTransports(file: string | null): DailyRotateFile[] {
  if (file === null) return [];
  const transport = new DailyRotateFile({ filename: `${file}.%DATE%`, datePattern: 'YYYY-MM-DD', maxSize: '20m', maxFiles: '30d', format: json });
  // A full disk costs lines of the log, never a file of the inbox.
  transport.on('error', () => undefined);
  return [transport];
}

async function closed(logger: Logger): Promise<void> {
  await new Promise<void>((resolve) => {
    logger.once('finish', () => resolve());
    logger.end();
  });
}
