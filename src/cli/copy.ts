import { isPostgres, faultOfDatabase, shownUrl } from '../config/database-url.js';
import { loadSettings } from '../config/load.js';
import { counted } from '../counted.js';
import { IngestError } from '../errors.js';
import { copyHistory } from '../store/copy.js';
import { Database, openReader } from '../store/database.js';
import { InstanceLock } from '../store/instance-lock.js';
import { print, printJson, type AddCommand } from './command.js';

/** `copy`: the history moves house, from SQLite to PostgreSQL. */
export const addCopy: AddCommand = (program) => {
  program.command('copy')
    .description('copy the history from SQLite into an empty PostgreSQL database, whole or not at all')
    .requiredOption('--to <url>', 'where to: postgres://USER@HOST:PORT/NAME, written as the setting database')
    .option('--json', 'print JSON')
    .addHelpText('after', `
No daemon may run meanwhile; the SQLite file stays as it is. Files that are not done are gone on with by the first daemon
that starts on the new database: start the one whose inbox they lie in.

Example:
  scd-inbox copy --to postgres://scd@db.example.net/scd`)
    .action(async ({ to, json }: { to: string; json?: true }) => {
      const { database: from } = loadSettings();
      expectWay(from, to);
      const counts = await withBoth(from, to, copyHistory);
      if (json) return printJson(Object.fromEntries(counts));
      const count = (table: string, ...words: [one: string, many?: string]): string => counted(counts.get(table)!, ...words);
      print(`copied ${count('client_account', 'account')}, ${count('stage_batch', 'batch', 'batches')}, ${count('stage_record', 'row of files', 'rows of files')} and `
        + `${count('master_record', 'version')} to ${shownUrl(to)}\nname it in the setting database (SCD_DATABASE) and start the daemon; ${from} stays as it is`);
    });
};

function expectWay(from: string, to: string): void {
  if (isPostgres(from)) throw new IngestError('usage', `the history is on PostgreSQL already (${shownUrl(from)}): copy goes from SQLite to PostgreSQL`);
  const fault = isPostgres(to) ? faultOfDatabase(to) : 'expected postgres://USER@HOST:PORT/NAME';
  if (fault !== undefined) throw new IngestError('usage', `--to: ${fault}, found "${shownUrl(to)}"`);
}

/** Nobody takes files in meanwhile: what came behind the copy would be missing there. */
async function withBoth<T>(from: string, to: string, work: (from: Database, to: Database) => Promise<T>): Promise<T> {
  // Refuses a history that is missing, instead of making an empty one.
  await (await openReader(from)).close();
  const lock = await InstanceLock.take(from, '');
  let source: Database | undefined;
  let target: Database | undefined;
  try {
    source = await Database.open(from);
    target = await Database.open(to);
    return await work(source, target);
  } finally {
    await target?.close();
    await source?.close();
    await lock.release();
  }
}
