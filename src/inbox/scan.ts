import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import { isUtf8 } from 'node:buffer';
import { fileError, systemCode } from '../errors.js';
import { forEachBounded } from '../bounded.js';
import { makeFolder } from './files.js';

/** A regular file in the inbox, as it looked. */
export interface Seen {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Something in the inbox that is no file and is left where it is; `what` completes "it is …". */
export interface Other {
  readonly name: string;
  readonly what: string;
}

/** What lies in the inbox; `recreated` where the folder itself was missing and was made again. */
export interface Scan {
  readonly files: Seen[];
  readonly others: Other[];
  readonly recreated: boolean;
}

/** The names of files that programs keep beside or before the real one, and of our own folder. They may hold newlines. */
const IGNORED = /^(~\$.*|\..*|.*\.(tmp|part|crdownload|filepart)|thumbs\.db|desktop\.ini)$/isu;

const LOOKS_AT_ONCE = 16;

/**
 * What lies in the inbox, by name: regular files, and what is none; names on the ignore list and those that `isKnown`
 * are left out. A file that goes meanwhile is left out, too. Throws `io` where the folder cannot be read.
 */
export async function scan(inbox: string, isKnown: (name: string) => boolean = () => false): Promise<Scan> {
  const names = await namesIn(inbox);
  const files: Seen[] = [];
  const others: Other[] = [];
  await forEachBounded(names ?? [], LOOKS_AT_ONCE, async (raw) => {
    const name = raw.toString('utf8');
    if (isIgnored(name) || isKnown(name)) return;
    const what = isUtf8(raw) ? await look(inbox, name) : NOT_UTF8;
    if (typeof what === 'object') files.push(what);
    else if (what !== undefined) others.push({ name: isUtf8(raw) ? name : escaped(raw), what });
  });
  return { files: files.sort(byName), others: others.sort(byName), recreated: names === undefined };
}

/** Whether a name is on the ignore list. */
export function isIgnored(name: string): boolean {
  return IGNORED.test(name);
}

/** Names as bytes: a name that is no UTF-8 must be seen, or its file would lie there in silence. */
async function namesIn(inbox: string): Promise<Buffer[] | undefined> {
  try {
    return await readdir(inbox, { encoding: 'buffer' });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(`inbox ${inbox}: cannot look into it`, error);
  }
  try {
    await makeFolder(inbox);
    return undefined;
  } catch (error) {
    throw fileError(`inbox ${inbox}: it is missing and cannot be made`, error);
  }
}

const NOT_UTF8 = 'named in bytes that are no UTF-8 (rename it)';

async function look(inbox: string, name: string): Promise<Seen | string | undefined> {
  const path = join(inbox, name);
  try {
    const stats = await lstat(path);
    return stats.isFile() ? { name, path, size: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino } : kindOf(stats);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    return `something that cannot be looked at (${systemCode(error) ?? 'unknown error'})`;
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** The bytes of a name that is no text, told apart from others of the kind. */
function escaped(raw: Buffer): string {
  return [...raw].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)).join('');
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}
