import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Running the program as somebody to whom files can be forbidden: to root nothing is. */

export const NOBODY = 65_534;
/** What runs the program as nobody; empty where whoever runs the tests is not root. */
export const UNDER = process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Whether the built program can be run so; says so where it cannot. */
export function canRunAsNobody(): boolean {
  const canRun = UNDER.length === 0
    || spawnSync(UNDER[0]!, [...UNDER.slice(1), process.execPath, '-e', `require('fs').accessSync(${JSON.stringify(PROGRAM)})`]).status === 0;
  if (!canRun) process.stderr.write('skipped: as nobody the built program cannot be run here\n');
  return canRun;
}
