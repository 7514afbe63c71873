import { shownUrl } from '../config/database-url.js';
import { IngestError, hasCode, messageOf, systemCode } from '../errors.js';

/** What went wrong with PostgreSQL: in words for people, and what it means for a transaction. */

/** The code of a connection that ended without one. */
const LOST = 'connection-lost';
/** The code of a server that is silent: it neither answers nor refuses. */
const SILENT = 'no-answer';
/** The code of a statement that was never sent, for its connection was lost before. */
const UNSENT = 'not-sent';
/** The code of a server that speaks no TLS. */
const PLAIN = 'no-tls';
/** The code of a COMMIT whose answer was lost. */
const UNKNOWN = 'commit-unknown';

/** An error of the driver, for people. `facts.code` is PostgreSQL's, the system's or one of the codes above. */
export function postgresError(url: string, error: unknown): IngestError {
  if (error instanceof IngestError) return error;
  const driverError = (error as { driverError?: unknown }).driverError ?? error;
  const code = codeOf(driverError);
  const constraint = (driverError as { constraint?: unknown }).constraint;
  return databaseError(url, HINTS[code] ?? messageOf(driverError), { cause: error, facts: { code, constraint } });
}

/** A COMMIT whose answer was lost: nobody knows whether its changes are there until they are asked for. */
export function unknownCommit(url: string, cause: unknown): IngestError {
  return databaseError(url, 'the connection was lost before the answer to a commit, so that its changes may be there or not; '
    + 'doing the same again is safe: it is looked first', { cause, facts: { code: UNKNOWN } });
}

/** A COMMIT of which has been asked: its changes are not there. */
export function commitLost(url: string, cause: unknown): IngestError {
  return databaseError(url, GONE, { cause, facts: { code: LOST } });
}

function databaseError(url: string, what: string, options: { cause: unknown; facts: Record<string, unknown> }): IngestError {
  return new IngestError('database', `database ${shownUrl(url)}: ${what}`, { ...options, retryable: true });
}

/** What the driver says without a code, and which it is then. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/due to connection timeout|timeout exceeded when trying to connect|timeout expired|query read timeout/iu, SILENT],
  [/not queryable|already released|client was closed|calling end on the pool/iu, UNSENT],
  [/connection terminated|connection ended/iu, LOST],
  [/does not support SSL/iu, PLAIN],
];

function codeOf(error: unknown): string {
  return systemCode(error) ?? WORDS.find(([words]) => words.test(messageOf(error)))?.[1] ?? '';
}

const READ_ONLY = '25006';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';

/** Where two transactions may add the same at once: a content, a claim, an account. */
const RACES = new Set(['stage_batch_live_content', 'stage_batch_claim_key', 'client_account_account_number_key']);

/** Whether two transactions got into each other's way: the same content at once, accounts in turn. */
export function isContention(error: unknown): boolean {
  const { code, constraint } = factsOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK || (code === UNIQUE_VIOLATION && RACES.has(String(constraint)));
}

/**
 * Errors after which a connection is of no use, and another may be had at once: it was cut, its session was ended, or
 * its server takes no changes any more since another has taken its place.
 */
const CUT = new Set([
  LOST, UNSENT, 'ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ECONNABORTED', '57P01', '57P02', '57P03', '57P05', '25P03', '25P04', READ_ONLY,
]);

/** Errors of a server that cannot be reached, or of a way to it that is broken. */
const AWAY = new Set([SILENT, 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', '53300']);

/** Whether the connection was lost, and with it what was not committed. */
export function isCut(error: unknown): boolean {
  const { code } = factsOf(error);
  return CUT.has(code) || code.startsWith('08');
}

/** Whether the database is away, be it for a moment: what failed for it says nothing of the work that it was doing. */
export function isAway(error: unknown): boolean {
  return isCut(error) || AWAY.has(factsOf(error).code) || isUnknown(error);
}

/** Whether the server takes no changes any more: it is, or has become, a standby. */
export function isReadOnly(error: unknown): boolean {
  return factsOf(error).code === READ_ONLY;
}

/** Whether nobody knows if a transaction was kept. */
function isUnknown(error: unknown): boolean {
  return factsOf(error).code === UNKNOWN;
}

/** Whether an error of a COMMIT says for certain that nothing was kept: the server refused it, or it was never sent. */
export function isNotCommitted(error: unknown): boolean {
  const { code } = factsOf(error);
  return code === UNSENT || (/^[0-9A-Z]{5}$/u.test(code) && !isAway(error));
}

function factsOf(error: unknown): { readonly code: string; readonly constraint: unknown } {
  // A share that files lie on has the same codes of the system.
  const { code, constraint } = hasCode(error, 'database') ? error.facts : {};
  return { code: typeof code === 'string' ? code : '', constraint };
}

const GONE = 'the connection was lost; what was not committed is not kept, it is tried again';
const UNTRUSTED = 'its certificate is of no authority that is trusted here: name the certificate of its authority in the setting, sslrootcert=PATH';
const HINTS: Readonly<Record<string, string>> = {
  [LOST]: GONE,
  [UNSENT]: GONE,
  [SILENT]: 'the server does not answer',
  ECONNRESET: GONE,
  EPIPE: GONE,
  '57P01': GONE,
  '57P02': GONE,
  '57P03': 'the server is starting up or shutting down; it is tried again',
  [READ_ONLY]: 'the server takes no changes: it is a standby, or its disk is in trouble; it is tried again, for another may take its place',
  '25P03': GONE,
  '08006': GONE,
  ECONNREFUSED: 'nobody listens there: start the server, or mend host and port in the setting',
  ENOTFOUND: 'its host is not known: mend it in the setting',
  ETIMEDOUT: 'its host does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_SIGNATURE_FAILURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it on the server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host than the one in the setting: mend the host, or the certificate on the server',
  [PLAIN]: 'the server speaks no TLS: turn it on there (ssl = on), or take sslmode out of the setting',
  '28P01': 'the server refuses the password; it comes from passwordfile, the credential database-password, the setting itself or PGPASSWORD',
  '28000': 'the server refuses this user or wants TLS: look at its pg_hba.conf',
  '3D000': 'there is no such database on the server; create it first (createdb)',
  '42501': 'the user lacks a right there; it has to own the database, or be granted create on it and its schema',
  '53100': 'the disk of the server is full; nothing of this step was kept, it is tried again',
  '53300': 'the server has no connection left (max_connections); it is tried again',
};
