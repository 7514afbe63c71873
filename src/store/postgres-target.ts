import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { IngestError, messageOf } from '../errors.js';

/** How to reach a PostgreSQL database. */
export interface PostgresTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string;
  readonly password: string | undefined;
  readonly ssl: ConnectionOptions | undefined;
  readonly applicationName: string;
}

/** Reads the setting, and the files that it names. */
export function postgresTarget(text: string): PostgresTarget {
  const url = new URL(text);
  const option = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const host = option('host') ?? (decodeURIComponent(url.hostname).replace(/^\[|\]$/gu, '') || 'localhost');
  return {
    host,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username) || undefined,
    database: decodeURIComponent(url.pathname.slice(1)),
    password: passwordOf(url, option('passwordfile')),
    ssl: tlsOf(host, option),
    applicationName: option('application_name') ?? 'scd-inbox',
  };
}

/** The first there is: the file named, systemd's credential `database-password`, the URL's own, `PGPASSWORD`. */
function passwordOf(url: URL, file: string | undefined): string | undefined {
  if (file !== undefined) return readSetting('passwordfile', file).trimEnd();
  const credentials = process.env['CREDENTIALS_DIRECTORY'];
  const credential = credentials === undefined ? undefined : join(credentials, 'database-password');
  if (credential !== undefined && existsSync(credential)) return readSetting('credential', credential).trimEnd();
  return decodeURIComponent(url.password) || process.env['PGPASSWORD'];
}

function tlsOf(host: string, option: (name: string) => string | undefined): ConnectionOptions | undefined {
  const mode = option('sslmode') ?? 'disable';
  if (mode === 'disable') return undefined;
  const [ca, cert, key] = (['sslrootcert', 'sslcert', 'sslkey'] as const).map((name) => {
    const path = option(name);
    return path === undefined ? undefined : readSetting(name, path);
  });
  return {
    rejectUnauthorized: mode !== 'require',
    // The driver names no host that is an address, and the certificate would be held against `localhost`.
    checkServerIdentity: (_, certificate) => (mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined),
    ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }),
  };
}

function readSetting(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new IngestError('settings', `database: ${name} ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
