import { printable } from '../errors.js';
import type { ItemChain } from '../ingest/ask.js';
import { explainItem, type ItemExplanation } from '../ingest/explain.js';
import { ask, knownAtOption, type AddCommand, type KnownAt } from './command.js';
import { drawItem } from './history.js';
import { versionListing } from './listings.js';
import type { Listing, OutputColumn, Row } from './output/listing.js';
import { output, withOutput, type OutputOptions } from './output/output.js';
import { reasonsOf, rowsAt } from './reasons.js';

/** `explain`: why an item's versions are there. */
export const addExplain: AddCommand = (program) => {
  withOutput(program.command('explain'))
    .description('say of each version of an item which file, sheet, row and rule made it')
    .argument('<account>', 'the client account')
    .argument('<reference>', 'the external reference')
    .addOption(knownAtOption())
    .addHelpText('after', '\nExample:\n  scd-inbox explain CL-009 A009')
    .action(async (account: string, reference: string, options: OutputOptions & KnownAt) => {
      await ask(async (db) => {
        const item = await explainItem(db, account, reference, options.knownAt, Date.now());
        await output(explainedListing(item), options, explainedText(item));
      });
    });
};

const SOURCE: readonly OutputColumn[] = [
  { name: 'filename', heading: 'File', kind: 'name' },
  { name: 'sheet', heading: 'Sheet', kind: 'name' },
  { name: 'row_number', heading: 'Row', kind: 'number' },
  { name: 'record_id', heading: 'Record', kind: 'number' },
  { name: 'version_id', heading: 'Version', kind: 'number' },
  { name: 'reason', heading: 'Why', kind: 'text' },
];

/** The versions with the row that made each, where one did, else the file of the submission. */
function explainedListing(item: ItemExplanation): Listing {
  const listing = versionListing('Explanation', [chainOf(item)]);
  return { ...listing, columns: [...listing.columns, ...SOURCE], rows: explainedRows(item, listing) };
}

async function* explainedRows(item: ItemExplanation, { rows }: Listing): AsyncGenerator<Row> {
  let index = 0;
  for await (const row of rows) {
    const explained = item.versions[index]!;
    const [source] = rowsAt(item, explained);
    yield [...row, source?.filename ?? item.files.get(explained.submission.batch)!, source?.sheet ?? null, source?.row ?? null, source?.id ?? null,
      item.ids.get(explained.version.from) ?? null, reasonsOf(item, index).join('; ')];
    index += 1;
  }
}

/** The chain as it is drawn, the reasons below each version. */
async function* explainedText(item: ItemExplanation): AsyncGenerator<string> {
  const [title, ...lines] = drawItem(chainOf(item)).split('\n');
  yield `${title}\n`;
  for (const [index, line] of lines.entries()) {
    yield `${line}\n${reasonsOf(item, index).map((reason) => `      ${printable(reason)}\n`).join('')}`;
  }
}

function chainOf({ account, reference, versions }: ItemExplanation): ItemChain {
  return { account, reference, versions: versions.map(({ version }) => version) };
}
