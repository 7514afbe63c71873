import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, syncFile, syncFolder } from './files.js';
import { withEnding } from './names.js';

/** Where the answer workbook of an archived file lies: beside it. */
export function answerPath(archived: string): string {
  return join(dirname(archived), withEnding(basename(archived), '.errors.xlsx'));
}

/** Writes a short text beside an archived file, whole or not at all. */
export async function writeNote(archived: string, text: string): Promise<void> {
  const name = basename(archived);
  const path = join(dirname(archived), Buffer.byteLength(name) > 251 ? withEnding(name, '.txt') : `${name}.txt`);
  await replaceWhole(path, async (part) => writeFile(part, text));
}

/** Puts a file in place whole or not at all: `write` fills a hidden part file, which is then given the name. */
export async function replaceWhole(path: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = join(dirname(path), `.${randomUUID()}.part`);
  try {
    await write(part);
    await syncFile(part);
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw fileError(`cannot write ${path}`, error);
  }
}
