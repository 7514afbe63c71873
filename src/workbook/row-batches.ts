import type { SheetRow } from './cell.js';

/** Cells in a batch: a row may have sixteen thousand. */
const BATCH_CELLS = 10_000;

/** Rows in batches, as sheets hand them over. */
export async function* inBatches(rows: Iterable<SheetRow>): AsyncGenerator<readonly SheetRow[]> {
  let batch: SheetRow[] = [];
  let cells = 0;
  for (const row of rows) {
    batch.push(row);
    cells += Math.max(1, row.cells.length);
    if (cells < BATCH_CELLS) continue;
    yield batch;
    batch = [];
    cells = 0;
  }
  if (batch.length > 0) yield batch;
}
