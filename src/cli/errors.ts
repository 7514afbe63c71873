import { IngestError } from '../errors.js';
import { findBatch } from '../store/batches.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { failedRows, type FailedRow } from '../store/questions.js';
import { ask, batchNumber, printJson, type AddCommand } from './command.js';
import type { Listing } from './output/listing.js';
import { output, withOutput, type OutputOptions } from './output/output.js';

/** `errors`: what was wrong with a file and its rows. */
export const addErrors: AddCommand = (program) => {
  withOutput(program.command('errors'))
    .description('say what was wrong with a batch and its rows')
    .argument('<batch>', 'the number of the batch')
    .addHelpText('after', '\nExample:\n  scd-inbox errors 12')
    .action(async (text: string, options: OutputOptions) => {
      const id = batchNumber(text);
      const { batch, rows } = await ask(async (db) => ({ batch: await findBatch(db, id), rows: await failedRows(db, id) }));
      if (batch === undefined) throw new IngestError('usage', `there is no batch ${id}; scd-inbox batches lists them`);
      if (options.json) return printJson({ batch: id, status: batch.batch_status, error: batch.error, rows });
      await output(listing(rows), options, sentences(batch, rows));
    });
};

function listing(rows: readonly FailedRow[]): Listing {
  return {
    title: 'Errors', none: 'no errors',
    columns: [
      { name: 'sheet', heading: 'Sheet', kind: 'name' }, { name: 'row_number', heading: 'Row', kind: 'number' },
      { name: 'error_column', heading: 'Column', kind: 'name' }, { name: 'error', heading: 'What is wrong', kind: 'text' },
    ],
    rows: rows.map(({ sheet, row_number, error_column, error }) => [sheet, row_number, error_column, error]),
  };
}

async function* sentences(batch: StageBatch, rows: readonly FailedRow[]): AsyncGenerator<string> {
  if (batch.error !== null) yield `batch ${batch.id} ${batch.batch_status}: ${batch.error}\n`;
  for (const { error } of rows) yield `${error}\n`;
  if (batch.error === null && rows.length === 0) yield `batch ${batch.id} ${batch.batch_status}: no errors\n`;
}
