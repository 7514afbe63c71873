import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClaim, passOn } from '../../src/inbox/claim.js';
import { sha256 } from '../../src/inbox/hash.js';
import type { Context } from '../../src/ingest/context.js';
import { ingestFile } from '../../src/ingest/ingest.js';
import { openBatch } from '../../src/ingest/open.js';
import { findUnfinished } from '../../src/ingest/recover.js';
import { takeOver } from '../../src/ingest/take-over.js';
import { addBatch, markArchived } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { beginEpoch } from '../../src/store/leases.js';
import { reportStatus } from '../../src/store/nodes.js';
import { POSTGRES } from '../support/engines.js';
import { defaults } from '../support/world.js';

/** What goes over to a node, of dead ones and of nobody, where two share an inbox. */

let folder: string;
let inbox: string;
let url: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scd-take-over-'));
  inbox = join(folder, 'inbox');
  await mkdir(inbox);
  url = await POSTGRES.create();
  database = await Database.open(url);
});
afterEach(async () => {
  await database.close();
  await POSTGRES.remove(url);
  await rm(folder, { recursive: true });
});

const context = (node: string): Context & { node: string } =>
  ({ database, settings: { ...defaults(), inbox, archive: join(folder, 'archive'), leaseSeconds: 1 }, node, log: { warn: () => undefined } }) as unknown as Context & { node: string };

async function claimed(name: string, node?: string): Promise<void> {
  await writeFile(join(await makeClaim(inbox, name, node), `${name}.csv`), name);
}

async function batch(name: string, status: StageBatch['batch_status'], { owner, archived }: { owner?: string; archived?: string } = {}): Promise<void> {
  await database.write(async (tx) => {
    const { id } = await addBatch(tx, { filename: `${name}.csv`, hash: name, claim: name, owner, status });
    if (archived !== undefined) await tx.rows('update stage_batch set archived_path = ? where id = ?', [archived, id]);
  });
}

/** A node that has reported itself, with a lease that ends so many seconds from now. */
async function node(name: string, leaseSeconds: number): Promise<void> {
  await database.write(async (tx) => {
    await reportStatus(tx, { name, pid: 1, inbox, startedAt: 0, scanSeconds: 1, isIdle: true, outcomes: 0 });
    await beginEpoch(tx, name, leaseSeconds * 1000);
  });
}

/** What a node takes up after it has taken over what it can: the token, and whether its file is away. */
async function takenUp(name: string): Promise<string[]> {
  const dead = await takeOver(context(name));
  const found = await findUnfinished(context(name), () => false, dead);
  return found.map(({ claimed: file, batch: known, isAway }) => `${known?.claim ?? file!.token}${isAway ? ', its file away' : ''}`).sort();
}

const owners = async (): Promise<unknown[]> =>
  (await database.reader.rows<{ claim: string; owner: string | null }>('select claim, owner from stage_batch order by claim')).map(({ claim, owner }) => `${claim}: ${owner ?? 'nobody'}`);

describe('what nobody sees to, for it came from a history of one program alone', () => {
  test('goes to who has its file at hand, and to one of two that both have', async () => {
    await writeFile(join(folder, 'retried.csv'), 'retried');
    await batch('retried', 'In Progress', { archived: join(folder, 'retried.csv') });
    await claimed('claimed');
    await batch('claimed', 'In Progress');
    await batch('elsewhere', 'In Progress');
    await batch('elsewhere, staged', 'Ready');
    const [north, south] = await Promise.all([takenUp('north'), takenUp('south')]);
    // One may have won the folder and the other the batch: a look of each later the folder is where the batch is.
    for (const name of ['north', 'south']) await takenUp(name);
    const [ofNorth, ofSouth] = [await takenUp('north'), await takenUp('south')];
    expect([...ofNorth, ...ofSouth].filter((token) => !token.endsWith('away')).sort()).toEqual(['claimed', 'retried']);
    for (const [early, late] of [[north, ofNorth], [south, ofSouth]] as const) expect(late).toEqual(expect.arrayContaining(early));
    expect(ofNorth).toContain('elsewhere, staged, its file away');
    expect((await owners()).slice(1, 3)).toEqual(['elsewhere: nobody', 'elsewhere, staged: nobody']);
  });
});

describe('what a dead node has left', () => {
  test('goes over with its folder, or where its file lies in the archive; what only it reaches waits', async () => {
    await node('south', -1);
    await claimed('claimed', 'south');
    await batch('claimed', 'In Progress', { owner: 'south' });
    await writeFile(join(folder, 'retried.csv'), 'retried');
    await batch('retried', 'In Progress', { owner: 'south', archived: join(folder, 'retried.csv') });
    await claimed('without a batch', 'south');
    await batch('elsewhere', 'In Progress', { owner: 'south' });
    await batch('elsewhere, staged', 'Ready', { owner: 'south' });
    expect(await takenUp('north')).toEqual(['claimed', 'elsewhere, staged, its file away', 'retried', 'without a batch']);
    expect(await owners()).toEqual(['claimed: north', 'elsewhere: south', 'elsewhere, staged: south', 'retried: north']);
    expect((await readdir(join(inbox, '.processing'))).sort()).toEqual(['north~claimed', 'north~without a batch']);
    expect(await database.reader.rows("select epoch from node_status where name = 'south'")).toEqual([{ epoch: 2 }]);
  });

  test('has no second batch by a node that only seemed dead, to one that was killed before it had shut that out', async () => {
    await claimed('half taken over', 'south');
    const claim = { token: 'half taken over', name: 'half taken over.csv', path: join(inbox, '.processing', 'south~half taken over', 'half taken over.csv') };
    let isTaken = false;
    const write: typeof database.write = async (work, isKept) => {
      if (!isTaken) {
        isTaken = true;
        await passOn(inbox, { node: 'south', token: claim.token }, 'north');
        const hash = await sha256(claim.path.replace('south', 'north'));
        await database.write(async (tx) => {
          const { id } = await openBatch(tx, { filename: claim.name, hash, claim: claim.token, owner: 'north' });
          await markArchived(tx, id, '/archive/half taken over.csv');
          await tx.rows("update stage_batch set batch_status = 'Complete' where id = ?", [id]);
        });
      }
      return database.write(work, isKept);
    };
    await expect(ingestFile({ ...context('south'), database: { reader: database.reader, writesAtOnce: 1, write } }, claim)).rejects.toMatchObject({ code: 'vanished', retryable: true });
    expect(await database.reader.rows('select filename, batch_status from stage_batch')).toEqual([{ filename: claim.name, batch_status: 'Complete' }]);
  });

  test('stays its own while it is there, and goes back to it with a folder that bears the wrong name', async () => {
    await node('south', 60);
    await claimed('half passed on', 'north');
    await batch('half passed on', 'In Progress', { owner: 'south' });
    await claimed('its own', 'south');
    await batch('its own', 'Ready', { owner: 'south' });
    expect(await takenUp('north')).toEqual([]);
    expect((await readdir(join(inbox, '.processing'))).sort()).toEqual(['south~half passed on', 'south~its own']);
    expect(await database.reader.rows("select epoch from node_status where name = 'south'")).toEqual([{ epoch: 1 }]);
  });
});
