import type { StageBatch } from '../store/entities/stage-batch.js';
import { silentNodes } from '../store/leases.js';
import { listBatches } from '../store/questions.js';
import { countArgument } from './arguments.js';
import { ask, type AddCommand } from './command.js';
import type { Listing, OutputColumn } from './output/listing.js';
import { output, withOutput, type OutputOptions } from './output/output.js';
import { textOf } from './output/text.js';

/** `batches`: what became of the files. */
export const addBatches: AddCommand = (program) => {
  withOutput(program.command('batches'))
    .description('list the latest files and what became of them')
    .option('-n, --limit <number>', 'how many', '20')
    .addHelpText('after', '\nExamples:\n  scd-inbox batches\n  scd-inbox batches --limit 200 --json')
    .action(async (options: OutputOptions & { limit: string }) => {
      const limit = countArgument('--limit', options.limit);
      const batches = await ask(async (db) => {
        const silent = await silentNodes(db);
        return (await listBatches(db, limit)).map((batch) => waiting(batch, silent));
      });
      await output(listing(batches, [...SHOWN, ...FURTHER]), options, textOf(listing(batches.map(shortened), SHOWN)));
    });
};

type BatchColumn = OutputColumn & { readonly name: keyof StageBatch };

/** What a table has room for. */
const SHOWN: readonly BatchColumn[] = [
  { name: 'id', heading: 'Batch', kind: 'number' }, { name: 'filename', heading: 'File', kind: 'name' },
  { name: 'batch_status', heading: 'Status', kind: 'name' }, { name: 'total_count', heading: 'Rows', kind: 'number' },
  { name: 'add_count', heading: 'Added', kind: 'number' }, { name: 'append_count', heading: 'Appended', kind: 'number' },
  { name: 'replace_count', heading: 'Replaced', kind: 'number' }, { name: 'merge_count', heading: 'Merged', kind: 'number' },
  { name: 'unchanged_count', heading: 'Unchanged', kind: 'number' }, { name: 'failure_count', heading: 'Failed', kind: 'number' },
  { name: 'zeroed_count', heading: 'Zeroed', kind: 'number' }, { name: 'end_date', heading: 'Ended', kind: 'name' },
  { name: 'error', heading: 'Why', kind: 'text' },
];

const FURTHER: readonly BatchColumn[] = [
  { name: 'success_count', heading: 'Good', kind: 'number' }, { name: 'repeated_count', heading: 'Repeated', kind: 'number' },
  { name: 'placeholder_inserted_count', heading: 'Placeholders', kind: 'number' },
  { name: 'placeholder_replaced_count', heading: 'Placeholders Replaced', kind: 'number' },
  { name: 'sheet', heading: 'Sheet', kind: 'name' }, { name: 'start_date', heading: 'Started', kind: 'name' },
  { name: 'duplicate_of', heading: 'Duplicate Of', kind: 'number' }, { name: 'approved_at', heading: 'Approved', kind: 'name' },
  { name: 'rejected_at', heading: 'Rejected', kind: 'name' }, { name: 'retried_at', heading: 'Retried', kind: 'name' },
  { name: 'deleted_at', heading: 'Deleted', kind: 'name' }, { name: 'archived_path', heading: 'Archived', kind: 'name' },
  { name: 'file_hash', heading: 'Content', kind: 'name' }, { name: 'owner', heading: 'Node', kind: 'name' },
];

/** A batch that is not done and whose node is not there says what it waits for. */
function waiting(batch: StageBatch, silent: ReadonlyMap<string, string>): StageBatch {
  const since = batch.claim === null || batch.owner === null ? undefined : silent.get(batch.owner);
  if (since === undefined) return batch;
  return { ...batch, error: `${batch.error === null ? '' : `${batch.error}; `}its file waits for node ${batch.owner}, last heard of at ${since}` };
}

function listing(batches: readonly StageBatch[], columns: readonly BatchColumn[]): Listing {
  const rows = batches.map((batch) => columns.map(({ name }) => batch[name]));
  return { title: 'Batches', columns, rows, none: 'no file has been taken in yet' };
}

function shortened(batch: StageBatch): StageBatch {
  return { ...batch, end_date: batch.end_date?.replace('T', ' ').slice(0, 19) ?? null };
}
