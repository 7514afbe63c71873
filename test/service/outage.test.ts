import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdir } from 'node:fs/promises';
import { Client } from 'pg';
import { Cluster } from '../support/cluster.js';
import { POSTGRES } from '../support/engines.js';
import { Program } from '../support/program.js';
import { Proxy } from '../support/proxy.js';
import type { Running } from '../support/running.js';
import { workbook } from '../support/stories.js';

/** A real daemon whose PostgreSQL server goes away in every way that it can, while files come. */

const SEED = Number(process.env['SCD_TORTURE_SEED'] ?? Date.now() % 1_000_000 + 1);
const ENVIRONMENT = { SCD_CONCURRENCY: '1', SCD_SETTLE_MS: '1', SCD_MAX_MISSING_RATIO: 'none', SCD_MAX_FAILURE_RATIO: '0.5' };
const DAY_MS = 86_400_000;

/** Files of every outcome: each in an order of its own, rows that fail, repeats, contradictions, the same bytes again. */
const FILES = Array.from({ length: Number(process.env['SCD_OUTAGE_FILES'] ?? 8) }, (_, number): readonly [string, Buffer] => {
  const name = `${String(number).padStart(3, '0')}.xlsx`;
  if (number % 7 === 3) return [name, Buffer.from(`no workbook, ${number}`)];
  const like = number % 7 === 5 ? number - 1 : number;
  const date = new Date(Date.UTC(2001, 0, 1) + ((like * 5) % 13) * 9 * DAY_MS).toISOString().slice(0, 10);
  // Now and then one that takes two chunks.
  const rows = like % 7 === 1 ? 5_500 : 30;
  return [name, workbook(date, Array.from({ length: rows }, (_row, row) => [`CL-${(like + row) % 5}`, `R${row}`, row % 9 === 4 ? 'n/a' : (like % 4) * 10 + (row % 7)] as const))];
});

const ended = "select 1 from stage_batch where filename = ? and claim is null and batch_status <> 'In Progress'";
const cleanups: (() => Promise<unknown>)[] = [];
let expected: object;

beforeAll(async () => {
  const calm = await create();
  const daemon = await calm.daemon();
  for (const file of FILES) await take(calm, daemon, file);
  await daemon.stop();
  expected = await calm.whole();
});
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });
afterAll(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });

async function create(): Promise<Program> {
  const program = await Program.create(ENVIRONMENT, undefined, POSTGRES);
  cleanups.push(async () => program.close());
  await mkdir(program.inbox);
  return program;
}

/** Drops a file, and waits until it has ended. */
async function take(program: Program, daemon: Running, [name, bytes]: readonly [string, Buffer]): Promise<void> {
  await program.drop(name, bytes);
  await program.until(daemon.child, ended, [name]).catch((error: unknown) => { throw new Error(daemon.said, { cause: error }); });
}

/** The messages of an event in the log. */
function told(daemon: Running, event: string): string[] {
  return daemon.said.split('\n').filter((line) => line.includes(`"event":"${event}"`)).map((line) => (JSON.parse(line) as { message: string }).message);
}

async function endSessions(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
  await client.end();
}

test('connections that are cut at random, by the network and by the server, and lost answers cost nothing', async () => {
  process.stdout.write(`outage | seed ${SEED}\n`);
  const random = fc.sample(fc.noBias(fc.nat(999_999)), { numRuns: 20_000, seed: SEED }).values();
  const chance = (): number => (random.next().value ?? 500_000) / 1_000_000;
  const program = await create();
  const proxy = await Proxy.before(program.database);
  cleanups.push(async () => proxy.close());
  const daemon = await program.daemon({ SCD_DATABASE: proxy.url });
  proxy.fate = () => (chance() > 0.04 ? 'sent on' : (['cut before', 'cut meanwhile', 'answer lost'] as const)[Math.floor(chance() * 3)]!);
  let [cuts, messages] = [0, 100];
  proxy.onMessage = () => {
    if ((messages -= 1) > 0) return;
    messages = Math.floor(20 + chance() * 500);
    cuts += 1;
    if (chance() < 0.3) void endSessions(program.database).catch(() => undefined);
    else proxy.cut();
  };
  for (const file of FILES) await take(program, daemon, file);
  expect(await daemon.stop()).toBe(0);
  expect(await program.whole()).toEqual(expected);
  expect(cuts).toBeGreaterThan(5);
});

describe('a server', () => {
  let server: Cluster;
  let program: Program;
  let proxy: Proxy;
  let daemon: Running;

  /** The daemon at work on a server of its own, behind a name that may lead elsewhere. */
  beforeEach(async () => {
    server = await started(await Cluster.create());
    proxy = await Proxy.before(server.url('postgres'));
    cleanups.push(async () => proxy.close());
    program = await Program.create(ENVIRONMENT, undefined, { ...POSTGRES, create: async () => proxy.url, remove: async () => undefined });
    cleanups.push(async () => program.close());
    await mkdir(program.inbox);
    daemon = await program.daemon();
  });

  async function started(cluster: Cluster): Promise<Cluster> {
    cleanups.push(async () => cluster.remove());
    await cluster.start();
    return cluster;
  }

  test('that crashes and starts again is told of once, and once that it is there again; the daemon goes on by itself', async () => {
    for (const [index, file] of FILES.entries()) {
      const taken = take(program, daemon, file);
      if (index % 5 === 2) {
        const before = told(daemon, 'outage').length;
        await server.crash();
        await daemon.says(/"event":"outage"/u, before + 1);
        await server.start();
        await daemon.says(/the database is there again after/u, (before + 2) / 2);
      }
      await taken;
    }
    expect(await daemon.stop()).toBe(0);
    expect(await program.whole()).toEqual(expected);
    expect(told(daemon, 'outage')).toEqual([1, 2].flatMap(() => [
      expect.stringContaining('files stay where they are until it is there again'), expect.stringContaining('the database is there again after')]));
    expect(told(daemon, 'put-off')).toEqual([]);
  });

  test('whose place another takes, while it lives on as a standby, is left for the other', async () => {
    for (const file of FILES.slice(0, 3)) await take(program, daemon, file);
    await server.crash();
    const heir = await server.twin();
    await server.demote();
    await server.start();
    const [, ...behind] = FILES.slice(3);
    const taken = take(program, daemon, FILES[3]!);
    await daemon.says(/the server takes no changes: it is a standby/u);
    await started(heir);
    proxy.leadTo(heir.url('postgres'));
    await daemon.says(/the database is there again after/u);
    await taken;
    for (const file of behind) await take(program, daemon, file);
    expect(await program.whole()).toEqual(expected);
  });
});
