import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { machine, type Machine } from './machine.js';
import { report, targets } from './report.js';
import { WORKLOADS, type Request, type Samples, type Workload } from './workloads.js';

/** `npm run bench`: runs workloads against the built program and writes bench/results.md. */

/** What is known of the workloads, the latest run of each. */
export interface Results {
  readonly rows: number;
  readonly engine: string;
  readonly runs: Record<string, { readonly date: string; readonly machine: Machine; readonly samples: readonly Samples[] }>;
}

const FULL = 1_000_000;
const KEPT = join(process.cwd(), 'data', 'bench');

const options = new Command('bench')
  .option('--workload <letters>', 'which of A to J, e.g. A,B', 'A,B,C,D,E,F,G,H,I,J')
  .option('--rows <number>', 'rows of the large workbooks', String(FULL))
  .option('--database <url>', 'a PostgreSQL server to run on instead of SQLite files; its own memory is not counted, and D, which copies a world, is left out')
  .option('--repeats <number>', 'repetitions instead of those of each workload')
  .option('--output <path>', 'where the report goes', join('bench', 'results.md'))
  .parse().opts<{ workload: string; rows: string; database?: string; repeats?: string; output: string }>();

const wanted = new Set(options.workload.toUpperCase().split(','));
const request: Request = { rows: Number(options.rows), database: options.database };
const engine = options.database === undefined ? 'sqlite' : new URL(options.database).protocol.replace(':', '');
const file = join(KEPT, `results-${engine}-${request.rows}.json`);
await mkdir(KEPT, { recursive: true });
const results = await kept();
for (const [index, workload] of WORKLOADS.entries()) {
  const isWanted = workload.letters.some((letter) => wanted.has(letter)) && (request.database === undefined || !workload.letters.includes('D'));
  if (isWanted) await measure(index, workload);
}

async function kept(): Promise<Results> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? { rows: request.rows, engine, runs: {} } : JSON.parse(text) as Results;
}

/** What a workload gave is kept at once: a run that is broken off goes on with `--workload`. */
async function measure(index: number, workload: Workload): Promise<void> {
  const samples: Samples[] = [];
  const repeats = options.repeats === undefined ? workload.repeats : Number(options.repeats);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    process.stderr.write(`${workload.letters.join(', ')}: ${repeat + 1} of ${repeats}\n`);
    const start = performance.now();
    samples.push(await workload.run(request));
    process.stderr.write(`  ${briefly(samples[samples.length - 1]!)}\n  ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  }
  results.runs[`${index} ${workload.letters.join('')}`] = { date: new Date().toISOString(), machine: machine(), samples };
  await writeFile(file, JSON.stringify(results, null, 1));
  await writeFile(options.output, report(results));
  if (request.rows === FULL && engine === 'sqlite') await renewReadme();
}

/** The table in README.md is that of the latest full run. */
async function renewReadme(): Promise<void> {
  const text = await readFile('README.md', 'utf8');
  await writeFile('README.md', text.replace(/(<!-- bench -->\n)[^]*(<!-- \/bench -->)/u, (_, begin: string, end: string) => `${begin}${targets(results).join('\n')}\n${end}`));
}

function briefly(samples: Samples): string {
  return Object.entries(samples).slice(0, 8)
    .map(([name, { seconds, cpuSeconds, peakMiB }]) => `${name}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s CPU, ${peakMiB.toFixed(0)} MiB`).join('\n  ');
}
