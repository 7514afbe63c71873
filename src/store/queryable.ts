/** Something that answers SQL. */
export interface Queryable {
  /** The rows of a statement with positional `?` parameters. */
  rows<T>(sql: string, params?: readonly unknown[]): Promise<T[]>;
}
