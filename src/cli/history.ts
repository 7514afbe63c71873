import { drawChain } from '../history/draw.js';
import { IngestError } from '../errors.js';
import { liveChains, type LiveVersion } from '../store/questions.js';
import { TRACKED, UNTRACKED } from '../template.js';
import { ask, print, printJson, type AddCommand } from './command.js';

/** `history`: the chains of an account or an item. */
export const addHistory: AddCommand = (program) => {
  program.command('history')
    .description('show the history of an account, or of one of its items')
    .argument('<account>', 'the client account')
    .argument('[reference]', 'the external reference')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  scd-inbox history CL-009\n  scd-inbox history CL-009 A009 --json')
    .action(async (account: string, reference: string | undefined, options: { json?: true }) => {
      const versions = await ask(async (db) => liveChains(db, account, reference));
      if (versions.length === 0) {
        throw new IngestError('usage', `nothing is known of ${reference === undefined ? `account "${account}"` : `item "${reference}" of account "${account}"`}`);
      }
      if (options.json) printJson(versions.map(named));
      else print(drawChains(versions));
    });
};

/** Draws the chains of versions that are sorted by item. */
export function drawChains(versions: readonly LiveVersion[]): string {
  const chains = new Map<string, LiveVersion[]>();
  for (const version of versions) chains.set(title(version), [...(chains.get(title(version)) ?? []), version]);
  return [...chains.values()].map((chain) => drawChain(`${title(chain[0]!)}  ${chain[chain.length - 1]!.untracked.join('  ')}`, chain)).join('\n\n');
}

function title({ account, reference }: LiveVersion): string {
  return `${account} / ${reference}`;
}

function named({ tracked, untracked, ...version }: LiveVersion): object {
  const names = [...TRACKED, ...UNTRACKED].map(({ name }) => name);
  const values = [...tracked, ...untracked];
  return Object.assign({}, version, ...names.map((name, index) => ({ [name]: values[index] }))) as object;
}
