import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { median } from './report.js';

/** What the numbers were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** The median time of making 4 KiB durable, in milliseconds. */
  readonly fsyncMs: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function machine(): Machine {
  const { model } = cpus()[0]!;
  return {
    cpu: model, cores: cpus().length, memoryGiB: totalmem() / 2 ** 30, fsyncMs: fsyncMs(), system: `Linux ${release()}`,
    versions: { node: process.version, ...Object.fromEntries(['sqlite3', 'typeorm', 'yauzl', 'saxes'].map((name) => [name, versionOf(name)])) },
  };
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}

function fsyncMs(): number {
  const folder = join('data', 'bench');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'fsync');
  const file = openSync(path, 'w');
  const times = Array.from({ length: 101 }, () => {
    const start = performance.now();
    writeSync(file, Buffer.alloc(4096));
    fsyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}
