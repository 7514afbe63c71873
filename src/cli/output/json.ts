import type { Listing } from './listing.js';

/** A JSON array of objects by the columns' names, one a line. */
export async function* jsonOf({ columns, rows }: Listing): AsyncGenerator<string> {
  let before = '[';
  for await (const row of rows) {
    yield `${before}\n${JSON.stringify(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])))}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}
