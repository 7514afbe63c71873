/**
 * The database setting: `sqlite:PATH`, with `?busySeconds=N` where another program's lock is to be waited for longer or
 * shorter than usual, or `postgres://USER@HOST:PORT/NAME?options`. The options are those of libpq: `sslmode` (disable, the
 * default; require, verify-ca, verify-full), `sslrootcert`, `sslcert`, `sslkey`, `host` (a socket's folder),
 * `application_name`, and our own `passwordfile`.
 */

const OPTIONS = new Set(['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'application_name', 'passwordfile']);
const TLS_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/** A SQLite database: its file, and for how long another program's lock is waited for. */
export interface SqliteTarget {
  readonly path: string;
  readonly busyMs: number;
}

const BUSY_SECONDS = 30;

/** What a database setting `sqlite:PATH` names. Other question marks belong to the path. */
export function sqliteTarget(url: string): SqliteTarget {
  const [, path, seconds] = /^sqlite:(.+?)(?:\?busySeconds=(\d+(?:\.\d+)?))?$/su.exec(url)!;
  return { path: path!, busyMs: 1000 * Number(seconds ?? BUSY_SECONDS) };
}

/** Whether a database setting names a PostgreSQL database. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//u.test(url);
}

/** What is wrong with a database setting, in a few words; undefined where nothing is. */
export function faultOfDatabase(text: string): string | undefined {
  if (/^sqlite:.+/u.test(text)) return undefined;
  if (!isPostgres(text)) return 'expected sqlite:PATH or postgres://USER@HOST:PORT/NAME';
  if (!URL.canParse(text)) return 'expected postgres://USER@HOST:PORT/NAME';
  const url = new URL(text);
  if (url.pathname.length < 2) return 'expected the name of a database behind the host: postgres://USER@HOST:PORT/NAME';
  const unknown = [...url.searchParams.keys()].find((key) => !OPTIONS.has(key));
  if (unknown !== undefined) return `expected only the options ${[...OPTIONS].join(', ')}, not ${unknown}`;
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !TLS_MODES.includes(mode)) return `expected sslmode to be one of ${TLS_MODES.join(', ')}`;
  return undefined;
}

/** A setting as it may be shown: without a password, also where it is none that could be. */
export function shownUrl(text: string): string {
  if (/^sqlite:/u.test(text) || !/^[a-z][a-z\d+.-]*:/iu.test(text)) return text;
  const shown = wellFormed(text) ?? text.replace(/^([^:]*:(?:\/\/)?).*@/su, '$1***@');
  return shown.replace(/([?&]password=)[^&#]*/giu, '$1***');
}

/** A PostgreSQL setting without its password; undefined where it may lie elsewhere than in its place. */
function wellFormed(text: string): string | undefined {
  if (!isPostgres(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A "/", "?" or "#" in a password ends what is taken for the host.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) return undefined;
  if (url.password !== '') url.password = '***';
  return url.href;
}
