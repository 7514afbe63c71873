import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { otherFileSystem } from '../inbox/support.js';
import { POSTGRES, type Engine } from './engines.js';
import { Program } from './program.js';
import { Running } from './running.js';
import { HEADINGS, bookOf } from './workbooks.js';

/** What the program is doing when it is killed, and what is done about it afterwards. */
export interface Story {
  readonly title: string;
  /** The fail points that it is about; it may come past others. */
  readonly about: RegExp;
  /** The world before: made once, copied for every kill. */
  readonly prepare: (engine?: Engine) => Promise<Program>;
  readonly command: readonly string[];
  readonly environment: Record<string, string>;
  /** What ends it after a kill. */
  readonly recovery: readonly string[];
  readonly recoveryEnvironment: Record<string, string>;
  /** The only engine that it can be told on. */
  readonly on?: Engine;
  /** Whether each run is that of another node, behind the lease of the one before. */
  readonly byOthers?: boolean;
}

const ONE_BY_ONE = { SCD_CONCURRENCY: '1', SCD_SETTLE_MS: '1', SCD_MAX_ATTEMPTS: '100' };
/** The shortest: a server ends what a killed node has under way when its lease would have run out. */
const SHORT_LEASE = { SCD_LEASE_SECONDS: '1' };
const WITHOUT_PLACEHOLDERS = { SCD_VALIDITY_DAYS: 'none' };

/** Every fail point that the source names. */
export function failpoints(): string[] {
  const src = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const names = files.flatMap((name) => [...readFileSync(join(src, name), 'utf8').matchAll(/\bfailpoint\('([^']+)'\)/gu)].map(([, point]) => point!));
  return [...new Set(names)].sort();
}

/** The stories that between them come past every fail point. */
export const STORIES: readonly Story[] = [
  {
    title: 'files of every outcome are taken in', about: /./u, prepare: filled,
    command: ['process'], environment: {}, recovery: ['process'], recoveryEnvironment: {},
  },
  ...(otherFileSystem() === undefined ? [] : [{
    title: 'files are archived on another file system', about: /^(archive|marked)/u,
    prepare: async (engine?: Engine) => filled(engine, await Program.create(ONE_BY_ONE, otherFileSystem(), engine)),
    command: ['process'], environment: {}, recovery: ['process'], recoveryEnvironment: {},
  }]),
  {
    title: 'a batch is deleted', about: /^(delete|account-removed|removal)/u, prepare: processed,
    command: ['delete', '--batch', '1'], environment: {}, recovery: ['process'], recoveryEnvironment: {},
  },
  {
    title: 'a record is deleted', about: /^void/u, prepare: processed,
    command: ['delete', '--record', '1'], environment: {}, recovery: ['delete', '--record', '1'], recoveryEnvironment: {},
  },
  {
    title: 'the policy is changed', about: /policy|rederived/u, prepare: processed,
    command: ['process'], environment: WITHOUT_PLACEHOLDERS, recovery: ['process'], recoveryEnvironment: WITHOUT_PLACEHOLDERS,
  },
  {
    title: 'files of every outcome are taken in, each time by another node', about: /./u, prepare: filled, on: POSTGRES, byOthers: true,
    command: ['process'], environment: SHORT_LEASE, recovery: ['process'], recoveryEnvironment: SHORT_LEASE,
  },
];

/** A workbook of one date: account, reference, amount. */
export function workbook(date: string, lines: readonly (readonly [account: string, reference: string, amount: number | string])[]): Buffer {
  return bookOf([HEADINGS, ...lines.map(([account, reference, amount]) => [date, account, reference, `Company ${reference}`, amount, 'Cash'])]);
}

const JANUARY = [['CL-1', 'a', 1], ['CL-1', 'b', 2], ['CL-2', 'c', 3], ['CL-2', 'd', 4], ['CL-3', 'e', 5], ['CL-3', 'f', 'six']] as const;
const APRIL = [['CL-1', 'a', 1], ['CL-2', 'c', 30], ['CL-2', 'd', 4]] as const;
const LATE = [['CL-1', 'a', 10], ['CL-1', 'b', 2], ['CL-2', 'c', 3]] as const;

async function filled(engine?: Engine, given?: Program): Promise<Program> {
  const program = given ?? await Program.create(ONE_BY_ONE, undefined, engine);
  await mkdir(program.inbox);
  await program.drop('1 january.xlsx', workbook('2022-01-28', JANUARY));
  await program.drop('2 april.xlsx', workbook('2022-04-28', APRIL));
  await program.drop('3 page.xlsx', Buffer.from('<html><body>Sign in</body></html>'));
  await program.drop('4 january again.xlsx', workbook('2022-01-28', JANUARY));
  await program.drop('5 late.xlsx', workbook('2022-02-28', LATE));
  await program.drop('6 one account.xlsx', workbook('2022-05-28', [['CL-2', 'c', 30]]));
  await program.drop('7 contradiction.xlsx', workbook('2022-04-28', APRIL.map(([account, reference, amount]) => [account, reference, amount + 1] as const)));
  return program;
}

async function processed(engine?: Engine): Promise<Program> {
  const program = await filled(engine);
  await program.run(['process']);
  return program;
}

/** A story told without any interruption: what every other telling must end in. */
export async function tellCalmly(prepared: Program, { command, environment }: Pick<Story, 'command' | 'environment'>): Promise<object> {
  const program = await prepared.copy();
  try {
    await program.run(command, environment);
    return await program.whole();
  } finally {
    await program.close();
  }
}

/** How a story with kills was told: the points that killed, in their order, and what is there in the end. */
export interface Telling {
  readonly kills: readonly string[];
  readonly whole: object;
}

/**
 * A story in which every run of the program is killed at the first point armed for it, `NAME:exit[:NTH]`, and which is
 * then brought to its end. `armed` is told the kills so far; the first run that survives is the last.
 */
export async function tellWithKills(prepared: Program, story: Story, armed: (kills: readonly string[]) => readonly string[]): Promise<Telling> {
  const program = await prepared.copy();
  const kills: string[] = [];
  try {
    for (let run = 0; ; run += 1) {
      const [command, environment] = run === 0 ? [story.command, story.environment] : [story.recovery, story.recoveryEnvironment];
      const node: Record<string, string> = story.byOthers === true ? { SCD_NODE: `node-${run}` } : {};
      const { code, err } = await program.run(command, { ...environment, ...node, SCD_FAILPOINT: armed(kills).join(',') });
      if (story.byOthers === true) await program.endLeases();
      const point = /fail point (\S+)\n$/u.exec(err)?.[1];
      if (code === null && point !== undefined) kills.push(point);
      else if (code === null) throw new Error(`killed, but at no fail point: ${err}`);
      else return { kills, whole: await program.whole() };
    }
  } finally {
    await program.close();
  }
}

/**
 * A story in which a node falls asleep at a point, as by SIGSTOP, until others have done everything; then it wakes up.
 * Returns undefined where it does not come past that point so often.
 */
export async function tellWithSleep(prepared: Program, { command, environment }: Story, point: string, nth = 1): Promise<object | undefined> {
  const program = await prepared.copy();
  try {
    const sleeper = new Running(program.start(command, { ...environment, SCD_NODE: 'sleeper', SCD_FAILPOINT: `${point}:stop:${nth}` }));
    if (!(await sleeper.says(/fail point/u).then(() => true, () => false))) return undefined;
    await program.endLeases();
    // Until the server ends what the sleeper has under way, others may not get at all of it.
    do await program.run(command, { ...environment, SCD_NODE: 'other' });
    while ((await program.rows('select 1 from stage_batch where claim is not null')).length > 0 || await program.hasWaiting());
    sleeper.child.kill('SIGCONT');
    await sleeper.end();
    return await program.whole();
  } finally {
    await program.close();
  }
}
