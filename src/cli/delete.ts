import { counted } from '../counted.js';
import { IngestError, printable } from '../errors.js';
import { deleteBatch, deleteRecord, deleteVersion, type Deletion, type RecordDeletion } from '../ingest/delete.js';
import { rehearse, type Store } from '../store/rehearsal.js';
import { batchNumber, print, printJson, withDatabase, type AddCommand } from './command.js';

interface Options {
  readonly batch?: string;
  readonly record?: string;
  readonly version?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `delete`: takes a batch or a record back. */
export const addDelete: AddCommand = (program) => {
  program.command('delete')
    .description('take back a batch, as if it had never been dropped, or one record with every exact repeat of it')
    .option('--batch <number>', 'the batch to delete; its file may be dropped again')
    .option('--record <id>', 'the stage record to delete; a new row for its item and date is then accepted')
    .option('--version <id>', 'the version whose record is to be deleted (explain --json shows both ids)')
    .option('--dry-run', 'say what would change and change nothing; other writers wait meanwhile')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nNothing is physically deleted. It may run beside the daemon. Interrupted, it is ended by doing it again or by the next start.'
      + '\n\nExamples:\n  scd-inbox delete --batch 12 --dry-run\n  scd-inbox delete --batch 12\n  scd-inbox delete --record 1402\n  scd-inbox delete --version 77')
    .action(async (options: Options) => {
      const named = (['batch', 'record', 'version'] as const).filter((name) => options[name] !== undefined);
      if (named.length !== 1) throw new IngestError('usage', 'expected one of --batch NUMBER, --record ID and --version ID');
      const work = workOf(options);
      const said = await withDatabase(async (database) => (options.dryRun ? rehearse(database, work) : work(database)));
      if (options.json) printJson({ ...said.json, dryRun: options.dryRun === true });
      else print(said.text(options.dryRun === true));
    });
};

interface Said {
  readonly json: object;
  readonly text: (isDryRun: boolean) => string;
}

function workOf({ batch, record, version }: Options): (store: Store) => Promise<Said> {
  if (batch !== undefined) {
    const id = batchNumber(batch);
    return async (store) => sayBatch(await deleteBatch(store, id));
  }
  const id = recordNumber((record ?? version)!);
  return async (store) => sayRecord(await (record === undefined ? deleteVersion : deleteRecord)(store, id));
}

function sayBatch(deletion: Deletion): Said {
  return { json: deletion, text: (isDryRun) => [headOf(deletion, isDryRun), ...blamedLines(deletion)].join('\n') };
}

function headOf(deletion: Deletion, isDryRun: boolean): string {
  const { batch, filename, status, accounts } = deletion;
  const name = `batch ${batch} (${printable(filename)})`;
  if (status === 'Deleted' && accounts === 0) return `${name} was deleted already; nothing changed`;
  const head = `${name} ${isDryRun ? 'would be' : 'is'} deleted`;
  if (status !== 'Complete' && status !== 'Ready' && status !== 'Deleted') return `${head}: it was ${status}, nothing of it was on record`;
  return `${head}${status === 'Deleted' ? ', which had been interrupted' : ''}: the chains of ${counted(accounts, 'account')} ${isDryRun ? 'would be' : 'are'} `
    + `as if it had never come (${changesText(deletion)})`;
}

function blamedLines({ batch, blamed }: Deletion): string[] {
  return [
    ...blamed.rows.map((row) => `  batch ${row.batch_id} (${printable(row.filename)}) row ${row.row_number} had failed against it: submit that row again`),
    ...blamed.refused.map(({ id, filename, rows }) => `  batch ${id} (${printable(filename)}) ended in Error, ${counted(Number(rows), 'row')} of it had failed against batch ${batch}: scd-inbox retry ${id} reads it again`),
    ...blamed.duplicates.map(({ id, filename }) => `  batch ${id} (${printable(filename)}) was a Duplicate of it: drop that file again to load it`),
  ];
}

function sayRecord(deletion: RecordDeletion): Said {
  const { client_account: account, external_reference: reference, effective_date: date } = deletion.records[0]!;
  return {
    json: deletion,
    text: (isDryRun) => [
      `${account} / ${reference} ${isDryRun ? 'would say' : 'says'} nothing at ${date} any more (${changesText(deletion)}); deleted:`,
      ...deletion.records.map((row) => `  record ${row.id}: batch ${row.batch_id} (${printable(row.filename)}) row ${row.row_number}`),
    ].join('\n'),
  };
}

function changesText({ effects, written }: Pick<Deletion, 'effects' | 'written'>): string {
  const { zeroed, placeholdersInserted, placeholdersReplaced } = effects;
  const counts: [number, string][] = [
    [written.removed, 'removed'], [written.inserted, 'added'], [written.updated, 'changed'],
    [zeroed, 'zeroed'], [placeholdersInserted, 'placeholders inserted'], [placeholdersReplaced, 'placeholders replaced'],
  ];
  const said = counts.filter(([count], index) => index < 3 || count > 0).map(([count, word]) => `${count} ${word}`);
  return `versions: ${said.join(', ')}`;
}

function recordNumber(text: string): number {
  if (!/^[1-9]\d*$/u.test(text)) throw new IngestError('usage', `expected an id, a whole number, found "${text}"`);
  return Number(text);
}
