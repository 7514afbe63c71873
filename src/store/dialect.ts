/**
 * What differs between the database engines, each with its reason. Everything else in `store/` is SQL that SQLite and
 * PostgreSQL both understand.
 */

/** A column of rows that travel as JSON: its name and its type in the statement. */
export type JsonColumn = readonly [name: string, type: 'integer' | 'decimal' | 'text' | 'boolean'];

/**
 * A table expression over one bound JSON text, an array of arrays in the order of the columns. One statement with one
 * parameter is 17 times as fast as a prepared statement a row; the two engines unpack JSON by different functions.
 */
export function rowsFromJson(columns: readonly JsonColumn[]): string {
  const list = columns.map(([name], index) => `value ->> ${index} as ${name}`);
  return `(select ${list.join(', ')} from json_each(?))`;
}

/** A table expression with the one column `value` over one bound JSON text, an array of numbers or texts. */
export const VALUES_FROM_JSON = '(select value from json_each(?))';

/** One JSON text of the rows of a query, an array of arrays; half the cost of row objects. */
export function rowsToJson(columns: readonly string[], query: string): string {
  return `select json_group_array(json_array(${columns.join(', ')})) as rows from (${query})`;
}

/** Begins a transaction that only reads, in which every question is answered from the same moment. */
export const BEGIN_SNAPSHOT = 'begin';

/** Takes the write lock at once: a transaction that reads first and writes later could fail in between. */
export const BEGIN_WRITE = 'begin immediate';

/** Errors after which a connection cannot be trusted: the disk failed under it. */
export const CONNECTION_LOST = new Set(['SQLITE_IOERR', 'SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_MISUSE']);

/** Errors that pass by themselves: another program holds the lock. */
export const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED']);
