import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { drawnChains } from '../cli/history.js';
import { askChains } from '../ingest/ask.js';
import { openReader } from '../store/database.js';
import { SAMPLES, sampleWorkbook } from './samples.js';

/** The main job on real workbooks: a real daemon, four files dropped late and early, their history. */

const PROGRAM = fileURLToPath(new URL('../main.js', import.meta.url));
/** April comes before February: the history is the same. */
const DROP_ORDER = [0, 3, 1, 2];

const folder = await mkdtemp(join(tmpdir(), 'scd-inbox-demo-'));
const environment = {
  ...withoutSettings(process.env), SCD_INBOX: join(folder, 'inbox'), SCD_ARCHIVE: join(folder, 'archive'),
  SCD_DATABASE: `sqlite:${join(folder, 'demo.db')}`, SCD_SCAN_SECONDS: '1',
};
const daemon = spawn(process.execPath, [PROGRAM, 'run'], { env: environment, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
const lines = linesOf(daemon);

say(`A daemon watches ${environment.SCD_INBOX}. Its log:\n`);
await untilEvent('started');
for (const index of DROP_ORDER) {
  const { name, date, lines: rows } = SAMPLES[index]!;
  await drop(name, sampleWorkbook(date, rows));
  await untilEvent('batch');
}
daemon.kill('SIGTERM');
await once(daemon, 'exit');

say(`
April came before February and March. That it did shows in the lines above (what fell silent was filled in later) and
nowhere below: this is the history of every item, whatever order the files come in.

  ──▶  holds until today     ──  ended on that date     ┄┄  nothing was submitted for longer than 31 days
`);
const reader = await openReader(environment.SCD_DATABASE);
for await (const drawing of drawnChains(askChains(reader, {}, Date.now()))) process.stdout.write(drawing);
say('');
await reader.close();

say(`What to try next, in ${folder}:

  export SCD_INBOX=${environment.SCD_INBOX} SCD_ARCHIVE=${environment.SCD_ARCHIVE} SCD_DATABASE=${environment.SCD_DATABASE}
  node ${PROGRAM} batches                   # what became of each file
  node ${PROGRAM} history CL-009            # one account, drawn
  node ${PROGRAM} delete --batch 4          # take March back: the silences return
  node ${PROGRAM} process ${join(folder, 'archive')}/processed/*/*/0328_March.xlsx    # and load it again
  node ${PROGRAM} run                       # the daemon; drop workbooks into its inbox`);

/** Gives a workbook to the inbox whole: written beside it under a name that is left alone, then renamed. */
async function drop(name: string, bytes: Buffer): Promise<void> {
  const part = join(environment.SCD_INBOX, `.${name}.part`);
  await writeFile(part, bytes);
  await rename(part, join(environment.SCD_INBOX, name));
}

async function untilEvent(event: string): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the daemon ended before its work was done');
    const entry = JSON.parse(value) as { event: string; message: string; timestamp: string };
    say(`  ${entry.timestamp.slice(11, 19)}  ${entry.message}`);
    if (entry.event === event) return;
  }
}

function linesOf(child: ChildProcess): AsyncIterator<string, undefined> {
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
}

/** The demo shows the defaults, whatever is set for the daemon of this machine. */
function withoutSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('SCD_')));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
