import { askChains } from '../ingest/ask.js';
import { ask, knownAtOption, type AddCommand, type KnownAt } from './command.js';
import { versionListing } from './listings.js';
import { output, withOutput, type OutputOptions } from './output/output.js';

/** `export`: every live version. */
export const addExport: AddCommand = (program) => {
  withOutput(program.command('export'))
    .description('give out every version of every item, or of an account')
    .argument('[account]', 'the client account')
    .addOption(knownAtOption())
    .addHelpText('after', '\nA version holds from From up to, not including, To; without To it is the current one.'
      + '\n\nExamples:\n  scd-inbox export --csv > history.csv\n  scd-inbox export CL-009 --xlsx CL-009.xlsx')
    .action(async (account: string | undefined, options: OutputOptions & KnownAt) => {
      await ask(async (db) => output(versionListing('History', askChains(db, { account, knownAt: options.knownAt }, Date.now())), options));
    });
};
