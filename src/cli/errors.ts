import { IngestError } from '../errors.js';
import { findBatch } from '../store/batches.js';
import { failedRows } from '../store/questions.js';
import { ask, batchNumber, print, printJson, type AddCommand } from './command.js';

/** `errors`: what was wrong with a file and its rows. */
export const addErrors: AddCommand = (program) => {
  program.command('errors')
    .description('say what was wrong with a batch and its rows')
    .argument('<batch>', 'the number of the batch')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  scd-inbox errors 12')
    .action(async (text: string, options: { json?: true }) => {
      const id = batchNumber(text);
      const { batch, rows } = await ask(async (db) => ({ batch: await findBatch(db, id), rows: await failedRows(db, id) }));
      if (batch === undefined) throw new IngestError('usage', `there is no batch ${id}; scd-inbox batches lists them`);
      if (options.json) return printJson({ batch: id, status: batch.batch_status, error: batch.error, rows });
      if (batch.error !== null) print(`batch ${id} ${batch.batch_status}: ${batch.error}`);
      for (const row of rows) print(row.error);
      if (batch.error === null && rows.length === 0) print(`batch ${id} ${batch.batch_status}: no errors`);
    });
};
