import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Real file systems of a few megabytes, mounted for a test: full, read-only, one behind another. */

/** Whether this process may mount; says so where it may not. */
export const canMount = tryToMount();

/** Mounts an empty file system of a size (`2m`) on a folder, which is made where it is missing. */
export function mountSmall(folder: string, size: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
}

/** Makes a mount read-only, or writable again. */
export function remount(folder: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, folder]);
}

/** Mounts a folder a second time elsewhere: files cannot be renamed between the two, though the disk is one. */
export function bind(folder: string, elsewhere: string): void {
  mkdirSync(elsewhere, { recursive: true });
  execFileSync('mount', ['--bind', folder, elsewhere]);
}

/** Ends a mount, whoever still looks at it. */
export function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder]);
}

/** Fills a file system to its last byte. Returns what makes room again. */
export function fill(folder: string): () => void {
  const path = join(folder, '.fill.tmp');
  for (let bytes = 1 << 20; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // no room for that much
    }
  }
  return () => rmSync(path);
}

function tryToMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'scd-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (isMounted) unmount(folder);
  else process.stderr.write('this user may not mount file systems: full and read-only disks are not tested\n');
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}
