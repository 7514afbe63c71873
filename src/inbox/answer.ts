import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { lookAt, makeFolder, partPath, removeFile, syncFile, syncFolder } from './files.js';
import { sha256 } from './hash.js';
import { withEnding, withFurtherEnding, withSuffix } from './names.js';
import { placePart } from './place.js';

const ANSWER = '.errors.xlsx';
const NOTE = '.txt';

/**
 * Lays an answer workbook beside an archived file, whole or not at all: `write` fills the hidden part file that it is
 * given. Overwrites nothing; an answer of the same bytes counts as this one, so that doing it again adds none.
 * Returns its path.
 */
export async function writeAnswer(archived: string, write: (part: string) => Promise<void>): Promise<string> {
  return layBeside(archived, ANSWER, write);
}

/** Lays a short text beside an archived file, `NAME.txt`, in the same way. Returns its path. */
export async function writeNote(archived: string, text: string): Promise<string> {
  return layBeside(archived, NOTE, async (part) => writeFile(part, text, { flag: 'wx' }));
}

/** Lays a short text into `held` in the archive for a file that waits for a decision. Doing it again adds none. */
export async function writeHeldNote(archive: string, name: string, batch: number, text: string): Promise<void> {
  const file = heldName(archive, name, batch);
  await makeFolder(dirname(file));
  await writeNote(file, text);
}

/** Removes the text of a file that does not wait any more. */
export async function removeHeldNote(archive: string, name: string, batch: number): Promise<void> {
  const file = heldName(archive, name, batch);
  await removeFile(join(dirname(file), withFurtherEnding(basename(file), NOTE)));
}

function heldName(archive: string, name: string, batch: number): string {
  return join(archive, 'held', withSuffix(name, `batch ${batch}`));
}

async function layBeside(archived: string, ending: string, write: (part: string) => Promise<void>): Promise<string> {
  const folder = dirname(archived);
  const part = partPath(folder, `${basename(archived)}\0${ending}`);
  try {
    await removeFile(part);
    await write(part);
    await syncFile(part);
    await failpoint('answer-written');
    const path = (await findSame(part, archived, ending)) ?? (await placePart(part, folder, () => besideNames(archived, ending)));
    await failpoint('answer-placed');
    await syncFolder(folder);
    return path;
  } catch (error) {
    throw fileError(`archive: cannot lay the answer (${ending}) beside ${archived}`, error);
  } finally {
    await removeFile(part).catch(() => undefined);
  }
}

/** What lies there already with the same bytes: a kill came between the answer and the mark that it is done. */
async function findSame(part: string, archived: string, ending: string): Promise<string | undefined> {
  const hash = await sha256(part);
  for (const name of besideNames(archived, ending)) {
    const path = join(dirname(archived), name);
    const found = await lookAt(path);
    if (found === undefined) return undefined;
    if (found.isFile() && await sha256(path) === hash) return path;
  }
  return undefined;
}

function* besideNames(archived: string, ending: string): Generator<string> {
  const name = basename(archived);
  const named = ending === NOTE ? withFurtherEnding : withEnding;
  yield named(name, ending);
  for (let number = 2; ; number += 1) yield named(name, ` (${number})${ending}`);
}
