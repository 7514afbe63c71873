import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Lease } from '../../src/service/lease.js';
import { Database } from '../../src/store/database.js';
import { POSTGRES } from '../support/engines.js';
import { rememberingLog } from '../support/pass.js';

/** The lease of a node, at a time that the test tells: it is renewed when the test says so. */

const LEASE_SECONDS = 3_600;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const LEASE_MS = LEASE_SECONDS * SECOND;
const REPORT = { name: 'one', pid: 1, inbox: '/inbox', startedAt: 0, scanSeconds: 1, isIdle: true, outcomes: 0 };

let url: string;
let database: Database;
let lease: Lease;
let now: number;
let lines: string[];

beforeEach(async () => {
  url = await POSTGRES.create();
  database = await Database.open(url);
  [now, lines] = [0, []];
  lease = await Lease.take(database, REPORT, LEASE_SECONDS, rememberingLog(lines), () => now);
});
afterEach(async () => {
  await lease.stop();
  await database.close();
  await POSTGRES.remove(url);
});

/** Lets time pass, and the lease be renewed once. Returns whether it was. */
async function isRenewedAfter(ms: number): Promise<boolean> {
  now += ms;
  await database.write(async (tx) => tx.rows('update node_status set lease_until = 1'));
  await lease.runOnce();
  return (await database.reader.rows('select 1 from node_status where lease_until > 1')).length > 0;
}

describe('a node with work in hand', () => {
  beforeEach(() => lease.watch(() => true, () => undefined));

  test('that writes nothing for ten minutes is stuck: its lease is not renewed, which is told once, until it writes again', async () => {
    expect([await isRenewedAfter(9 * MINUTE), lines]).toEqual([true, []]);
    expect([await isRenewedAfter(2 * MINUTE), await isRenewedAfter(MINUTE)]).toEqual([false, false]);
    expect(lines).toEqual([expect.stringMatching(/^node one has work in hand, but wrote nothing for 10 minutes: its lease is not renewed/u)]);
    await lease.store.write(async () => undefined);
    expect([await isRenewedAfter(MINUTE), lines.length]).toEqual([true, 1]);
    expect([await isRenewedAfter(11 * MINUTE), lines.length]).toEqual([false, 2]);
  });

  test('whose writes are refused is not renewed any more, and says so once', async () => {
    await database.write(async (tx) => tx.rows('update node_status set epoch = epoch + 1'));
    await expect(lease.store.write(async () => undefined)).rejects.toMatchObject({ code: 'lost' });
    expect(await isRenewedAfter(MINUTE)).toBe(false);
    expect(await lease.lost).toMatchObject({ code: 'lost', facts: { node: 'one' } });
  });
});

test('a node without work is not stuck, however long it wrote nothing', async () => {
  lease.watch(() => false, () => undefined);
  expect([await isRenewedAfter(60 * MINUTE), lines]).toEqual([true, []]);
});

test('a node that could not renew its lease gives others the time of a lease to renew theirs before it takes them for dead', async () => {
  const seen = [lease.canJudge];
  for (const ms of [LEASE_MS / 3, LEASE_MS / 3 + SECOND]) {
    await isRenewedAfter(ms);
    seen.push(lease.canJudge);
  }
  now += LEASE_MS * 2 / 3;
  seen.push(lease.canJudge);
  for (let renewals = 0; renewals < 4; renewals += 1) {
    await isRenewedAfter(renewals === 0 ? 0 : LEASE_MS / 3);
    seen.push(lease.canJudge);
  }
  expect(seen).toEqual([true, true, true, false, false, false, false, true]);
});
