import { IngestError } from '../errors.js';
import { printable } from '../ingest/outcome.js';
import type { StageBatch } from '../store/entities/stage-batch.js';
import { listBatches } from '../store/questions.js';
import { ask, print, printJson, type AddCommand } from './command.js';
import { table } from './output/text.js';

/** `batches`: what became of the files. */
export const addBatches: AddCommand = (program) => {
  program.command('batches')
    .description('list the latest files and what became of them')
    .option('-n, --limit <number>', 'how many', '20')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  scd-inbox batches\n  scd-inbox batches --limit 200 --json')
    .action(async (options: { limit: string; json?: true }) => {
      if (!/^[1-9]\d*$/u.test(options.limit)) throw new IngestError('usage', `--limit: expected a number from 1, found "${options.limit}"`);
      const batches = await ask(async (db) => listBatches(db, Number(options.limit)));
      if (options.json) printJson(batches);
      else print(batches.length === 0 ? 'no file has been taken in yet' : table(HEADINGS, batches.map(batchRow)));
    });
};

const HEADINGS = ['batch', 'file', 'status', 'rows', 'added', 'appended', 'replaced', 'merged', 'unchanged', 'failed', 'zeroed', 'ended', 'why'];

function batchRow(batch: StageBatch): (string | number | null)[] {
  return [
    batch.id, printable(batch.filename), batch.batch_status, batch.total_count, batch.add_count, batch.append_count, batch.replace_count,
    batch.merge_count, batch.unchanged_count, batch.failure_count, batch.zeroed_count,
    batch.end_date?.replace('T', ' ').slice(0, 19) ?? null, batch.error,
  ];
}
