import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workbookOf, type Submission, type Texts } from './data.js';
import { World, type Cost } from './world.js';

/** The workloads by their letters (README, How fast it is). Each gives the samples of one repetition. */

/** A measurement by its name: `A shared`. */
export type Samples = Record<string, Cost>;

export interface Request {
  /** Rows of the large workbooks; the others are smaller in proportion. */
  readonly rows: number;
  readonly database: string | undefined;
}

export interface Workload {
  readonly letters: readonly string[];
  readonly repeats: number;
  readonly run: (request: Request) => Promise<Samples>;
}

const LARGE = 1_000_000;
const ACCOUNTS = 500;
const CHANGED = 0.2;

export const WORKLOADS: readonly Workload[] = [
  { letters: ['A', 'B', 'H', 'J'], repeats: 3, run: async (request) => monthAfterMonth(request, 'shared', ACCOUNTS, ['A', 'B', 'H', 'J']) },
  { letters: ['A', 'B', 'H', 'J'], repeats: 3, run: async (request) => monthAfterMonth(request, 'inline', ACCOUNTS, ['A', 'B', 'H', 'J']) },
  { letters: ['C'], repeats: 2, run: async (request) => monthAfterMonth(request, 'shared', 1, ['C first', 'C next']) },
  { letters: ['C'], repeats: 1, run: cutUp },
  { letters: ['D'], repeats: 2, run: lateFile },
  { letters: ['E'], repeats: 1, run: growth },
  { letters: ['F'], repeats: 2, run: manyFiles },
  { letters: ['G'], repeats: 1, run: oneByOne },
  { letters: ['I'], repeats: 1, run: idle },
];

/** A first load, the next month, the deletion of that month, and the floor of the same bytes and rows. */
async function monthAfterMonth({ rows, database }: Request, texts: Texts, accounts: number, names: readonly string[]): Promise<Samples> {
  const [first, next, deletion, floor] = names;
  const months = [0, 1].map((month): Submission => ({ texts, rows, accounts, month, changed: CHANGED }));
  const paths = [await workbookOf(months[0]!), await workbookOf(months[1]!)];
  return inWorld(database, async (world) => {
    const samples: Samples = {};
    await world.start();
    samples[`${first!} ${texts}`] = await world.take([paths[0]!]);
    samples[`${next!} ${texts}`] = await world.take([paths[1]!]);
    await world.stop();
    if (deletion !== undefined) samples[`${deletion} ${texts}`] = await world.run(['delete', '--batch', '2']);
    if (floor !== undefined) Object.assign(samples, await floorOf(paths[1]!, months[1]!, world.folder, `${floor} ${texts}`));
    return samples;
  });
}

async function floorOf(path: string, submission: Submission, folder: string, name: string): Promise<Samples> {
  const script = join(import.meta.dirname, 'floor.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, path, JSON.stringify(submission), join(folder, 'floor.db')]);
  const { inflating, inserting, reading, stepping } = JSON.parse(stdout) as Record<'inflating' | 'inserting' | 'reading' | 'stepping', number>;
  const part = (seconds: number): Cost => ({ seconds, cpuSeconds: 0, peakMiB: 0 });
  return {
    [`${name} inflating`]: part(inflating), [`${name} inserting`]: part(inserting), [`${name} floor`]: part(inflating + inserting),
    [`${name} reading alone`]: part(reading), [`${name} barest step by the rules`]: part(stepping),
  };
}

/** An account with twice as many items, which come in two files, one behind the other; and its next month. */
async function cutUp({ rows, database }: Request): Promise<Samples> {
  return inWorld(database, async (world) => {
    const samples: Samples = {};
    await world.start();
    for (const [month, name] of ['first', 'next'].entries()) {
      for (const [index, firstItem] of [0, rows].entries()) {
        const path = await workbookOf({ texts: 'shared', rows, accounts: 1, month, changed: CHANGED, firstItem });
        samples[`C doubled, ${name}, file ${index + 1}`] = await world.take([path]);
      }
    }
    return samples;
  });
}

/** A month that comes in order, and the same month into the middle of those that are there already. */
async function lateFile({ rows }: Request): Promise<Samples> {
  const months = await monthly(24, rows / 20);
  const inOrder = await World.create();
  let late: World | undefined;
  try {
    await inOrder.start();
    for (const path of months.slice(0, 11)) await inOrder.take([path]);
    await inOrder.stop();
    late = await inOrder.copy();
    await inOrder.start();
    const expected = await inOrder.take([months[11]!]);
    await late.start();
    for (const path of months.slice(12)) await late.take([path]);
    return { 'D in order': expected, 'D late': await late.take([months[11]!]) };
  } finally {
    await inOrder.remove();
    await late?.remove();
  }
}

/** Month after month for five years. */
async function growth({ rows, database }: Request): Promise<Samples> {
  const paths = await monthly(60, rows / 20);
  return inWorld(database, async (world) => {
    const samples: Samples = {};
    await world.start();
    for (const [index, path] of paths.entries()) {
      const cost = await world.take([path]);
      if (index >= 1 && index <= 4) samples[`E ${index + 1}`] = cost;
      if (index >= 56) samples[`E ${index + 1}`] = cost;
    }
    return samples;
  });
}

async function monthly(months: number, rows: number): Promise<string[]> {
  const paths: string[] = [];
  for (let month = 0; month < months; month += 1) {
    paths.push(await workbookOf({ texts: 'shared', rows: Math.round(rows), accounts: Math.max(1, Math.round(rows / 2_000)), month, changed: CHANGED }));
  }
  return paths;
}

/** Many small workbooks at once: a hundred accounts, each month after month. */
async function manyFiles({ rows, database }: Request): Promise<Samples> {
  const paths = await small(Math.round(rows / 500));
  return inWorld(database, async (world) => {
    await world.start();
    return { F: await world.take(paths) };
  });
}

/** Small workbooks one after another into an idle daemon. */
async function oneByOne({ database }: Request): Promise<Samples> {
  const paths = await small(50);
  return inWorld(database, async (world) => {
    const samples: Samples = {};
    await world.start();
    for (const [index, path] of paths.entries()) {
      await world.rest(0.2);
      samples[`G ${index + 1}`] = await world.take([path]);
    }
    return samples;
  });
}

/** A daemon that has archived many files and has nothing to do. */
async function idle({ rows, database }: Request): Promise<Samples> {
  const paths = await small(Math.round(rows / 100));
  return inWorld(database, async (world) => {
    await world.start();
    await world.take(paths);
    await world.stop();
    await world.start();
    await world.rest(10);
    return { I: await world.rest(rows < LARGE ? 5 : 30) };
  });
}

async function small(files: number): Promise<string[]> {
  const paths: string[] = [];
  for (let file = 0; file < files; file += 1) {
    paths.push(await workbookOf({ texts: 'shared', rows: 10, accounts: 1, month: Math.floor(file / 100), changed: CHANGED, firstAccount: file % 100 }));
  }
  return paths;
}

async function inWorld<T>(database: string | undefined, work: (world: World) => Promise<T>): Promise<T> {
  const world = await World.create(database);
  try {
    return await work(world);
  } finally {
    await world.remove();
  }
}
