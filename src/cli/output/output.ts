import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { counted } from '../../counted.js';
import { csvOf } from './csv.js';
import { jsonOf } from './json.js';
import type { Listing } from './listing.js';
import { writeSheet } from './sheet.js';
import { textOf } from './text.js';

/** The forms that an answer can be asked for in. */
export interface OutputOptions {
  readonly json?: true;
  readonly csv?: true;
  readonly xlsx?: string;
  readonly overwrite?: true;
}

/** Gives a command the options that choose the form of its answer. */
export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print JSON').conflicts(['csv', 'xlsx']))
    .addOption(new Option('--csv', 'print CSV; text that looks like a formula gets an apostrophe in front').conflicts('xlsx'))
    .addOption(new Option('--xlsx <file>', 'write a workbook, whole or not at all; a file that is there is refused'))
    .addOption(new Option('--overwrite', 'with --xlsx: replace the file'));
}

/**
 * Gives an answer in the form that was asked for, as its rows come. `text` is its form for people where a table is not
 * the best one. A refusal at the first row leaves no half answer.
 */
export async function output(listing: Listing, options: OutputOptions, text: AsyncIterable<string> = textOf(listing)): Promise<void> {
  if (options.xlsx === undefined) return printPieces(options.json ? jsonOf(listing) : options.csv ? csvOf(listing) : text);
  const rows = await writeSheet(options.xlsx, listing, options.overwrite === true);
  await printPieces([`${options.xlsx}: ${counted(rows, 'row')}\n`]);
}

const PIECE_CHARACTERS = 65_536;

/** Prints text as it comes, no faster than it is read at the other end. */
async function printPieces(texts: Iterable<string> | AsyncIterable<string>): Promise<void> {
  let piece = '';
  for await (const text of texts) {
    piece += text;
    if (piece.length < PIECE_CHARACTERS) continue;
    await write(piece);
    piece = '';
  }
  await write(piece);
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
