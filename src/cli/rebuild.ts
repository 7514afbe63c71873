import { IngestError } from '../errors.js';
import { rebuildAccount } from '../ingest/rebuild.js';
import { writtenText } from '../ingest/repair.js';
import { allAccounts } from '../store/accounts.js';
import { print, printJson, withDatabase, type AddCommand } from './command.js';

/** `rebuild`: derives every chain anew. */
export const addRebuild: AddCommand = (program) => {
  program.command('rebuild')
    .description('derive every chain of an account, or of all, anew from what is on record; where all is well, nothing changes')
    .argument('[account]', 'the client account')
    .option('--json', 'print JSON')
    .addHelpText('after', `
One transaction for each account; after an interruption run it again. It may run beside the daemon.

Examples:
  scd-inbox rebuild
  scd-inbox rebuild CL-009`)
    .action(async (account: string | undefined, options: { json?: true }) => {
      const changed = await withDatabase(async (database) => {
        const accounts = (await allAccounts(database.reader)).map(({ account_number: number }) => number)
          .filter((number) => account === undefined || number === account);
        if (account !== undefined && accounts.length === 0) throw new IngestError('usage', `nothing is known of account "${account}"`);
        const written = [];
        for (const number of accounts) written.push({ account: number, ...await rebuildAccount(database, number) });
        return written;
      });
      if (options.json) return printJson(changed);
      const versions = changed.map((each) => ({ ...each, total: each.inserted + each.updated + each.removed }));
      for (const each of versions.filter(({ total }) => total > 0)) print(`account ${each.account}: ${writtenText(each)}`);
      const total = versions.reduce((sum, each) => sum + each.total, 0);
      print(`${changed.length} account${changed.length === 1 ? '' : 's'} derived anew: ${total} version${total === 1 ? '' : 's'} changed`);
    });
};
