import type { Results } from './main.js';
import type { Samples } from './workloads.js';
import type { Cost } from './world.js';

/** bench/results.md: what was measured against what is to be reached. */

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The report of the results, as Markdown. */
export function report(results: Results): string {
  const costs = costsOf(Object.values(results.runs).flatMap(({ samples }) => samples));
  return [
    '# Measured', '',
    `\`npm run bench\`${results.rows === 1_000_000 ? '' : ` -- --rows ${results.rows}`}, ${results.engine}. Medians; lowest to highest of the repetitions in brackets.`, '',
    ...targets(results), '',
    '## Costs', '',
    'Seconds from the drop to the line of the log that says what became of the file; CPU time and peak resident memory of all processes, from /proc.', '',
    ...table(['measurement', 'seconds', 'CPU seconds', 'peak MiB'], [...costs].filter(([name]) => !/^[GE] /u.test(name)).map(([name, of]) =>
      [name, spread(of.map(({ seconds }) => seconds)), ...name.startsWith('J ') ? ['', ''] : [spread(of.map(({ cpuSeconds }) => cpuSeconds)), Math.max(...of.map(({ peakMiB }) => peakMiB)).toFixed(0)]])), '',
    '## Where and when', '',
    ...Object.entries(results.runs).map(([name, { date, machine }]) => `- ${name.replace(/^\d+ /u, '')}: ${date}, ${machine.cores} × ${machine.cpu}, `
      + `${machine.memoryGiB.toFixed(0)} GiB, fsync ${machine.fsyncMs.toFixed(2)} ms, ${machine.system}, ${Object.entries(machine.versions).map((entry) => entry.join(' ')).join(', ')}`),
    '',
  ].join('\n');
}

/** The table of what was measured against what is to be reached. */
export function targets(results: Results): string[] {
  const costs = costsOf(Object.values(results.runs).flatMap(({ samples }) => samples));
  return table(['workload', 'measured', 'target', ''], targetRows(costs, results.rows));
}

type Costs = ReadonlyMap<string, readonly Cost[]>;

function costsOf(samples: readonly Samples[]): Costs {
  const costs = new Map<string, Cost[]>();
  for (const sample of samples) {
    for (const [name, cost] of Object.entries(sample)) costs.set(name, [...(costs.get(name) ?? []), cost]);
  }
  return costs;
}

function targetRows(costs: Costs, rows: number): string[][] {
  const lines: string[][] = [];
  const add = (name: string, measured: string, target: string, isMet: boolean): void => { lines.push([name, measured, target, isMet ? 'met' : 'not met']); };
  const seconds = (name: string): number[] => (costs.get(name) ?? []).map((cost) => cost.seconds);
  for (const [name, rate, letter] of [['A', 60_000, 'A'], ['B', 50_000, 'B'], ['C first', 60_000, 'C, first'], ['C next', 50_000, 'C, next']] as const) {
    for (const texts of ['shared', 'inline']) {
      const of = costs.get(`${name} ${texts}`);
      if (of === undefined) continue;
      const rates = of.map((cost) => rows / cost.seconds);
      const peak = Math.max(...of.map(({ peakMiB }) => peakMiB));
      add(`${letter}, ${texts} strings`, `${spread(rates, 0)} rows/s, ${peak.toFixed(0)} MiB`, `≥ ${rate} rows/s, ≤ 300 MiB`, median(rates) >= rate && peak <= 300);
    }
  }
  const doubled = [...costs].filter(([name]) => name.startsWith('C doubled')).flatMap(([, of]) => of);
  if (doubled.length > 0) {
    const peak = Math.max(...doubled.map(({ peakMiB }) => peakMiB));
    const rates = doubled.map((cost) => (rows / cost.seconds).toFixed(0)).join(', ');
    lines.push([`C, ${2 * rows} items in two files, two months`, `${rates} rows/s, ${peak.toFixed(0)} MiB`, 'memory as for half of them', '']);
  }
  const compare = (name: string, one: readonly number[], other: readonly number[], most: number, what: string): void => {
    if (one.length === 0 || other.length === 0) return;
    const ratio = median(one) / median(other);
    add(name, `${ratio.toFixed(2)} times ${what} (${median(one).toFixed(2)} s and ${median(other).toFixed(2)} s)`, `≤ ${most} times`, ratio <= most);
  };
  compare('D. a late file', seconds('D late'), seconds('D in order'), 3, 'the same file in order');
  compare('E. growth, 57th to 60th file', [57, 58, 59, 60].flatMap((file) => seconds(`E ${file}`)), [2, 3, 4, 5].flatMap((file) => seconds(`E ${file}`)), 1.2, 'the 2nd to 5th');
  const many = seconds('F').map((time) => rows / 500 / time);
  if (many.length > 0) add('F. small files at once', `${spread(many, 0)} files/s`, '≥ 80 files/s', median(many) >= 80);
  const single = [...costs].filter(([name]) => name.startsWith('G ')).flatMap(([, of]) => of.map((cost) => cost.seconds * 1000)).sort((one, other) => one - other);
  const p95 = single[Math.ceil(single.length * 0.95) - 1];
  if (p95 !== undefined) add('G. one small file into an idle daemon', `p95 ${p95.toFixed(0)} ms, median ${median(single).toFixed(0)} ms of ${single.length}`, '≤ 400 ms (p95)', p95 <= 400);
  for (const texts of ['shared', 'inline']) compare(`H. deleting B, ${texts} strings`, seconds(`H ${texts}`), seconds(`B ${texts}`), 1, 'taking it in');
  for (const { seconds: time, cpuSeconds, peakMiB } of costs.get('I') ?? []) {
    const share = (cpuSeconds / time) * 100;
    add('I. idle daemon', `${share.toFixed(2)} % of a core, ${peakMiB.toFixed(0)} MiB`, '< 1 % of a core, < 120 MiB', share < 1 && peakMiB < 120);
  }
  for (const texts of ['shared', 'inline']) {
    const [floor, reading, step] = ['floor', 'reading alone', 'barest step by the rules'].map((part) => seconds(`J ${texts} ${part}`)) as [number[], number[], number[]];
    compare(`J. B against the floor, ${texts} strings`, seconds(`B ${texts}`), floor, 3, 'the floor');
    if (reading.length > 0 && step.length > 0) lines.push([`J. reading alone and the barest step behind it, ${texts} strings`, `${((median(reading) + median(step)) / median(floor)).toFixed(2)} times the floor`, 'for comparison', '']);
  }
  return lines;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function spread(numbers: readonly number[], digits = 2): string {
  const shown = (number: number): string => number.toFixed(digits);
  return numbers.length < 2 ? shown(numbers[0] ?? 0) : `${shown(median(numbers))} (${shown(Math.min(...numbers))} to ${shown(Math.max(...numbers))})`;
}
