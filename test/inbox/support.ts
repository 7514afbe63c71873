import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Temp folders of a test file; `clear` removes them. */
export class Folders {
  private readonly made: string[] = [];

  make(under = tmpdir()): string {
    const folder = mkdtempSync(join(under, 'scd-inbox-test-'));
    this.made.push(folder);
    return folder;
  }

  clear(): void {
    for (const folder of this.made.splice(0)) rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder on another file system than the temp folder; undefined, with a printed reason, where there is none. */
export function otherFileSystem(): string | undefined {
  try {
    if (statSync('/dev/shm').dev !== statSync(tmpdir()).dev) return '/dev/shm';
  } catch {
    // told below
  }
  process.stderr.write('no second file system at /dev/shm: moves across file systems are not tested\n');
  return undefined;
}

/** Every file below some folders: its path, and its text. */
export function filesIn(...folders: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) found[path] = readFileSync(path, 'utf8');
    }
  }
  return found;
}

/** Resolves when `isDone` says so; asks again while things go on. */
export async function until(isDone: () => boolean, again: () => void = () => undefined): Promise<void> {
  while (!isDone()) {
    again();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
