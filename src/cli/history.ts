import { printable } from '../errors.js';
import { dateOf } from '../history/day.js';
import { drawChain } from '../history/draw.js';
import { askChains, type ItemChain } from '../ingest/ask.js';
import { ask, knownAtOption, type AddCommand, type KnownAt } from './command.js';
import { versionListing } from './listings.js';
import { output, withOutput, type OutputOptions } from './output/output.js';

/** `history`: the chains of an account or an item. */
export const addHistory: AddCommand = (program) => {
  withOutput(program.command('history'))
    .description('show the history of an account, or of one of its items')
    .argument('<account>', 'the client account')
    .argument('[reference]', 'the external reference')
    .addOption(knownAtOption())
    .addHelpText('after', '\nExamples:\n  scd-inbox history CL-009\n  scd-inbox history CL-009 A009 --known-at 2024-04-02T09:00Z\n  scd-inbox history CL-009 A009 --json')
    .action(async (account: string, reference: string | undefined, options: OutputOptions & KnownAt) => {
      await ask(async (db) => {
        const chains = askChains(db, { account, reference, knownAt: options.knownAt }, Date.now());
        await output(versionListing('History', chains), options, drawnChains(chains));
      });
    });
};

/** Chains as drawings, an empty line between them. */
export async function* drawnChains(chains: AsyncIterable<ItemChain>): AsyncGenerator<string> {
  let gap = '';
  for await (const chain of chains) {
    yield `${gap}${drawItem(chain)}\n`;
    gap = '\n';
  }
}

/** A chain as a drawing. */
export function drawItem({ account, reference, versions }: ItemChain): string {
  const title = printable(`${account} / ${reference}  ${versions[versions.length - 1]!.untracked.join('  ')}`);
  return drawChain(title, versions.map((version) => ({ ...version, from: dateOf(version.from), to: version.to === null ? null : dateOf(version.to) })));
}
