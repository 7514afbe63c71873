import { constants } from 'node:os';

/** Every reason for which something is refused, put off or given up. */
export type ErrorCode =
  // of a file: its sender has to act
  | 'empty-file' | 'wrong-kind' | 'password-protected' | 'too-large' | 'zip-bomb' | 'hostile' | 'malformed'
  | 'no-sheet' | 'headings' | 'no-rows'
  // of the surroundings: they may pass
  | 'vanished' | 'changed' | 'worker-lost' | 'io' | 'database' | 'locked'
  // of a node: others go on with its work, it begins anew
  | 'lost'
  // of the disk: what was written cannot be trusted, the program ends and reads it again
  | 'disk'
  // of whoever runs the program
  | 'settings' | 'usage' | 'internal' | 'stands-still'
  // of the program itself: rows were lost on the way, a person has to look
  | 'unbalanced';

/** Facts of an error, for the log: the file, the sheet, what was expected, what was found. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * The one error of this program. `message` is a sentence for people: it names the thing, what was expected,
 * what was found and what happens now. `retryable` says that the same call may succeed later.
 */
export class IngestError extends Error {
  override readonly name = 'IngestError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: { readonly retryable?: boolean; readonly facts?: Facts; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
  }

  get retryable(): boolean {
    return this.options.retryable ?? false;
  }

  get facts(): Facts {
    return this.options.facts ?? {};
  }
}

/** Whether something that was thrown is an error of this program with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is IngestError {
  return error instanceof IngestError && error.code === code;
}

/** Lets a failure that may be passed over pass, unless it is the disk's: that ends the program wherever it is met. */
export function passUnlessDisk(error: unknown): void {
  if (hasCode(error, 'disk')) throw error;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOENT`, `SQLITE_BUSY`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  if (typeof code !== 'string') return undefined;
  // Of a network share's code (ESTALE) and a quota's (EDQUOT) Node tells the number alone.
  return code.startsWith('Unknown system error') ? NAMES.get(-Number(errno)) ?? code : code;
}

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** Whether an error is one of the system (`EIO`): it says nothing of what the bytes of a file mean. */
export function isOfSystem(error: unknown): boolean {
  return /^E[A-Z]+$/u.test(systemCode(error) ?? '');
}

/**
 * Text from outside as it may stand in a message: control characters, line breaks and marks of direction, with which a
 * name or a cell could forge a line or turn one round, are escaped.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => sign.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''));
}

/**
 * An error of the file system for people; `what` says what was tried: `archive a.xlsx: cannot move it`. It may pass,
 * so it is retryable. `absent` is the code where the system says that something is not there.
 */
export function fileError(what: string, error: unknown, absent: 'io' | 'vanished' = 'io'): IngestError {
  if (error instanceof IngestError) return error;
  const code = systemCode(error) ?? '';
  const reason = REASONS[code] ?? messageOf(error);
  return new IngestError(code === 'ENOENT' ? absent : 'io', printable(`${what}: ${reason}`), { retryable: true, cause: error, facts: { code } });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on this machine',
  ERR_WORKER_INIT_FAILED: 'too many open files, or no memory left',
  ENOENT: 'it is not there any more',
  EIO: 'the disk reported an error',
  EEXIST: 'something else has its name',
  ENOTDIR: 'it, or a part of its path, is no folder',
  EXDEV: 'a part of it lies on another file system',
  EBUSY: 'it is in use by the system',
  ESTALE: 'the network share was mounted anew',
  ETIMEDOUT: 'the network share does not answer',
  ENAMETOOLONG: 'the name is too long for this file system',
};
