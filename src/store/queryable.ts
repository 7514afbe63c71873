import type { Dialect } from './dialect.js';

/** Something that answers SQL. */
export interface Queryable {
  readonly dialect: Dialect;

  /** The rows of a statement with positional `?` parameters. */
  rows<T>(sql: string, params?: readonly unknown[]): Promise<T[]>;
}
