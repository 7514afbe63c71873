import { Option } from 'commander';
import { IngestError } from '../errors.js';
import { sampleDates, type Interval } from '../history/sample.js';
import { askChains } from '../ingest/ask.js';
import { countArgument, dayArgument } from './arguments.js';
import { ask, knownAtOption, type AddCommand, type KnownAt } from './command.js';
import { valueListing } from './listings.js';
import { output, withOutput, type OutputOptions } from './output/output.js';

interface SampleOptions extends OutputOptions, KnownAt {
  readonly from: string;
  readonly every: Interval;
  readonly count: string;
}

/** `sample`: the values at dates that lie a day, a week or a month apart. */
export const addSample: AddCommand = (program) => {
  withOutput(program.command('sample'))
    .description('show the value of every item, of an account or of one item, at so many dates from a date on')
    .argument('[account]', 'the client account')
    .argument('[reference]', 'the external reference')
    .requiredOption('--from <date>', 'the first date, YYYY-MM-DD')
    .addOption(new Option('--every <step>', 'how far apart').choices(['day', 'week', 'month']).makeOptionMandatory())
    .requiredOption('--count <number>', 'how many dates')
    .addOption(knownAtOption())
    .addHelpText('after', '\nMonths keep the day, clipped to the end of shorter ones: 31 Jan, 28 Feb, 31 Mar.'
      + '\n\nExamples:\n  scd-inbox sample --from 2024-01-31 --every month --count 12\n  scd-inbox sample CL-009 --from 2024-01-01 --every day --count 366 --csv')
    .action(async (account: string | undefined, reference: string | undefined, options: SampleOptions) => {
      const count = countArgument('--count', options.count);
      const dates = sampleDates(dayArgument('--from', options.from), options.every, count);
      if (dates.length < count) throw new IngestError('usage', `--count ${count}: the calendar ends after ${dates.length} of these dates`);
      const question = { account, reference, between: { first: dates[0]!, last: dates[dates.length - 1]! }, knownAt: options.knownAt };
      await ask(async (db) => output(valueListing('Sample', askChains(db, question, Date.now()), dates), options));
    });
};
