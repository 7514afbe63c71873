import { IngestError } from '../errors.js';
import { deleteBatch, deleteRecord, type Deletion } from '../ingest/delete.js';
import { printable } from '../ingest/outcome.js';
import { batchNumber, print, printJson, withDatabase, type AddCommand } from './command.js';

/** `delete`: takes a batch or a record back. */
export const addDelete: AddCommand = (program) => {
  program.command('delete')
    .description('take back a batch, as if it had never been dropped, or one record with every exact repeat of it')
    .option('--batch <number>', 'the batch to delete; its file may be dropped again')
    .option('--record <number>', 'the id of the stage record to delete; a new row for its item and date is then accepted')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nNothing is physically deleted. It may run beside the daemon.\n\nExamples:\n  scd-inbox delete --batch 12\n  scd-inbox delete --record 1402')
    .action(async (options: { batch?: string; record?: string; json?: true }) => {
      if ((options.batch === undefined) === (options.record === undefined)) throw new IngestError('usage', 'expected either --batch NUMBER or --record NUMBER');
      if (options.batch !== undefined) await removeBatch(batchNumber(options.batch), options.json);
      else await voidRecord(recordNumber(options.record!), options.json);
    });
};

async function removeBatch(id: number, json: true | undefined): Promise<void> {
  const deletion = await withDatabase(async (database) => deleteBatch(database, id));
  if (json) printJson({ batch: id, ...deletion });
  else print(summaryOf(id, deletion));
}

async function voidRecord(id: number, json: true | undefined): Promise<void> {
  const repeats = await withDatabase(async (database) => deleteRecord(database, id));
  if (json) return printJson({ records: repeats });
  const { client_account, external_reference, effective_date } = repeats[0]!;
  print([`${client_account} / ${external_reference} says nothing at ${effective_date} any more; deleted:`,
    ...repeats.map((row) => `  record ${row.id}: batch ${row.batch_id} (${printable(row.filename)}) row ${row.row_number}`)].join('\n'));
}

function summaryOf(id: number, { accounts, effects, blamed }: Deletion): string {
  const lines = [`batch ${id} deleted: the chains of ${accounts} account${accounts === 1 ? '' : 's'} are as if it had never come`
    + ` (${effects.zeroed} zeroed, ${effects.placeholdersInserted} placeholders inserted, ${effects.placeholdersReplaced} replaced)`];
  for (const row of blamed.rows) lines.push(`  batch ${row.batch_id} (${printable(row.filename)}) row ${row.row_number} had failed because of it: submit that row again`);
  for (const batch of blamed.duplicates) lines.push(`  batch ${batch.id} (${printable(batch.filename)}) was a Duplicate of it: drop that file again to load it`);
  return lines.join('\n');
}

function recordNumber(text: string): number {
  if (!/^[1-9]\d*$/u.test(text)) throw new IngestError('usage', `expected the id of a stage record, found "${text}"`);
  return Number(text);
}
