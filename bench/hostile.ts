import { mkdtemp, writeFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOSTILE_FILES, type HostileFile } from '../test/workbook/hostile/files.js';
import { World } from './world.js';

/**
 * `npm run hostile`: drops every hostile file into the inbox of the built program and prints what became of it, how long
 * that took from the drop on, and how much memory it took beyond the idle daemon. Each has a daemon of its own: what one
 * leaves behind is not counted for the next. Arguments pick files by a part of their name.
 */
const picked = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'scd-hostile-'));
process.stdout.write('| file | what | s | MiB beyond idle | outcome |\n| --- | --- | --- | --- | --- |\n');
for (const file of HOSTILE_FILES) {
  if (picked.length === 0 || picked.some((part) => file.name.includes(part))) process.stdout.write(`${await tried(file)}\n`);
}
await rm(folder, { recursive: true });

async function tried(file: HostileFile): Promise<string> {
  const path = join(folder, file.name);
  await writeFile(path, file.bytes());
  const world = await World.create();
  try {
    await world.start();
    const idle = (await world.rest(0.2)).peakMiB;
    const { seconds, peakMiB, statuses: [status] } = await world.drop([path]);
    const isExpected = status === ('reads' in file ? 'Complete' : 'Error');
    if (!isExpected) process.exitCode = 1;
    const outcome = 'reads' in file ? 'read' : `refused: ${file.refused}`;
    return `| ${file.name} | ${file.what} | ${seconds.toFixed(2)} | ${Math.max(0, peakMiB - idle).toFixed(0)} | ${outcome}${isExpected ? '' : `, but found ${String(status)}`} |`;
  } finally {
    await world.remove();
    await rm(path);
  }
}
