import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import { systemCode } from '../errors.js';
import { fileError, makeFolder } from './files.js';

/** A regular file in the inbox, as it looked. */
export interface Seen {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

/** Something in the inbox that is no file and is left where it is. */
export interface Other {
  readonly name: string;
  readonly what: string;
}

/** The names of files that programs keep beside or before the real one, and of our own folder. */
const IGNORED = /^(~\$.*|\..*|.*\.(tmp|part|crdownload|filepart)|thumbs\.db|desktop\.ini)$/iu;

/** What lies in the inbox, by name. An inbox that is missing is made again. */
export async function scan(inbox: string): Promise<{ files: Seen[]; others: Other[] }> {
  const files: Seen[] = [];
  const others: Other[] = [];
  for (const raw of await namesIn(inbox)) {
    const name = raw.toString('utf8');
    if (IGNORED.test(name)) continue;
    if (!Buffer.from(name).equals(raw)) {
      others.push({ name, what: 'named in bytes that are no UTF-8 (rename it)' });
      continue;
    }
    const path = join(inbox, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined) continue;
    if (stats.isFile()) files.push({ name, path, size: stats.size, mtimeMs: stats.mtimeMs, inode: stats.ino });
    else others.push({ name, what: kindOf(stats) });
  }
  return { files: files.sort((one, other) => (one.name < other.name ? -1 : 1)), others };
}

/** Names as bytes: a name that is no UTF-8 must be seen, or its file would lie there in silence. */
async function namesIn(inbox: string): Promise<Buffer[]> {
  try {
    return await readdir(inbox, { encoding: 'buffer' });
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(`inbox ${inbox}: cannot look into it`, error);
    await makeFolder(inbox);
    return [];
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
