import { askChains } from '../ingest/ask.js';
import { dayArgument } from './arguments.js';
import { ask, knownAtOption, type AddCommand, type KnownAt } from './command.js';
import { valueListing } from './listings.js';
import { output, withOutput, type OutputOptions } from './output/output.js';

/** `as-of`: the values at a date. */
export const addAsOf: AddCommand = (program) => {
  withOutput(program.command('as-of'))
    .description('show the value of every item, of an account or of one item, at a date')
    .argument('<date>', 'YYYY-MM-DD')
    .argument('[account]', 'the client account')
    .argument('[reference]', 'the external reference')
    .addOption(knownAtOption())
    .addHelpText('after', '\nStatus: known; missing (left out of a submission); unknown (the account was silent).'
      + '\n\nExamples:\n  scd-inbox as-of 2024-03-31\n  scd-inbox as-of 2024-03-31 CL-009 --xlsx march.xlsx\n  scd-inbox as-of 2024-03-31 CL-009 A009 --known-at 2024-04-02T09:00Z')
    .action(async (date: string, account: string | undefined, reference: string | undefined, options: OutputOptions & KnownAt) => {
      const day = dayArgument('date', date);
      const question = { account, reference, between: { first: day, last: day }, knownAt: options.knownAt };
      await ask(async (db) => output(valueListing(`As of ${date}`, askChains(db, question, Date.now()), [day]), options));
    });
};
