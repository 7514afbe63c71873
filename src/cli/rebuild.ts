import { counted } from '../counted.js';
import { IngestError, hasCode } from '../errors.js';
import type { Written } from '../ingest/derive.js';
import { rebuildAccount } from '../ingest/rebuild.js';
import { writtenText } from '../ingest/repair.js';
import { allAccounts } from '../store/accounts.js';
import type { Database } from '../store/database.js';
import { print, printJson, withDatabase, type AddCommand } from './command.js';

/** `rebuild`: derives every chain anew. */
export const addRebuild: AddCommand = (program) => {
  program.command('rebuild')
    .description('derive every chain of an account, or of all, anew from what is on record; where all is well, nothing changes')
    .argument('[account]', 'the client account')
    .option('--json', 'print JSON')
    .addHelpText('after', `
One transaction for each account; after an interruption run it again. It may run beside the daemon. An account of which
rows are lost is left as it is (exit status 1).

Examples:
  scd-inbox rebuild
  scd-inbox rebuild CL-009`)
    .action(async (account: string | undefined, options: { json?: true }) => {
      const { changed, refused } = await withDatabase(async (database) => rebuildAll(database, account));
      const total = changed.reduce((sum, each) => sum + each.inserted + each.updated + each.removed, 0);
      if (refused.length > 0) process.exitCode = 1;
      if (options.json) return printJson({ accounts: changed, refused });
      for (const each of changed.filter(({ inserted, updated, removed }) => inserted + updated + removed > 0)) print(`account ${each.account}: ${writtenText(each)}`);
      for (const reason of refused) print(reason);
      print(`${counted(changed.length, 'account')} derived anew: ${counted(total, 'version')} changed`);
    });
};

interface Rebuilt {
  readonly changed: (Written & { readonly account: string })[];
  /** Why accounts were left as they are. */
  readonly refused: string[];
}

async function rebuildAll(database: Database, account: string | undefined): Promise<Rebuilt> {
  const accounts = (await allAccounts(database.reader)).map((each) => each.account_number).filter((number) => account === undefined || number === account);
  if (account !== undefined && accounts.length === 0) throw new IngestError('usage', `nothing is known of account "${account}"`);
  const rebuilt: Rebuilt = { changed: [], refused: [] };
  for (const number of accounts) {
    try {
      rebuilt.changed.push({ account: number, ...await rebuildAccount(database, number) });
    } catch (error) {
      if (!hasCode(error, 'unbalanced')) throw error;
      rebuilt.refused.push(error.message);
    }
  }
  return rebuilt;
}
