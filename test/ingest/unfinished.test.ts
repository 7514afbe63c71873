import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClaim } from '../../src/inbox/claim.js';
import { findUnfinished } from '../../src/ingest/recover.js';
import { addBatch } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import { ENGINES } from '../support/engines.js';
import { defaults } from '../support/world.js';

/** Which work is taken up, and by which node: files are named by what became of them. */

describe.each(ENGINES)('what is taken up on $name', (engine) => {
  let folder: string;
  let inbox: string;
  let url: string;
  let database: Database;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'scd-unfinished-'));
    inbox = join(folder, 'inbox');
    await mkdir(inbox);
    url = await engine.create();
    database = await Database.open(url);
  });
  afterEach(async () => {
    await database.close();
    await engine.remove(url);
    await rm(folder, { recursive: true });
  });

  /** A file in .processing. */
  async function claimed(name: string, node?: string): Promise<void> {
    await writeFile(join(await makeClaim(inbox, name, node), `${name}.csv`), name);
  }

  /** A batch whose file is not archived, with what else its row says. */
  async function batch(name: string, status: StageBatch['batch_status'], { owner, ...says }: Partial<StageBatch> = {}): Promise<void> {
    await database.write(async (tx) => {
      const { id } = await addBatch(tx, { filename: `${name}.csv`, hash: name, claim: name, owner: owner ?? undefined, status });
      for (const [column, value] of Object.entries(says)) await tx.rows(`update stage_batch set ${column} = ? where id = ?`, [value, id]);
    });
  }

  /** What is taken up: the token, and whether its file is at hand, gone or away. */
  async function takenUp({ node, inFlight = [], dead = [] }: { node?: string; inFlight?: string[]; dead?: string[] } = {}): Promise<string[]> {
    const found = await findUnfinished({ database, settings: { ...defaults(), inbox }, node }, (token) => inFlight.includes(token), new Set(dead));
    return found.map(({ claimed: file, batch: known, isAway }) =>
      `${known?.claim ?? file!.token}: ${known?.batch_status ?? 'no batch'}, its file ${isAway ? 'away' : file === undefined ? 'gone' : 'at hand'}`).sort();
  }

  const NOW = '2022-01-28T00:00:00.000Z';

  describe('a node that is alone', () => {
    test('takes up files without a batch, batches without their file and both together, each once', async () => {
      await claimed('a');
      await claimed('b');
      await batch('b', 'Ready');
      await batch('c', 'Complete');
      expect(await takenUp()).toEqual(['a: no batch, its file at hand', 'b: Ready, its file at hand', 'c: Complete, its file gone']);
    });

    test('leaves alone what is in flight', async () => {
      await claimed('a');
      await claimed('b');
      await batch('b', 'Ready');
      await batch('c', 'Complete');
      await batch('d', 'Ready');
      expect(await takenUp({ inFlight: ['a', 'b', 'c'] })).toEqual(['d: Ready, its file gone']);
    });

    test('leaves what is Held alone until a person has decided', async () => {
      await claimed('waits');
      await batch('waits', 'Held');
      await batch('waits, its file gone', 'Held');
      await batch('approved', 'Held', { approved_at: NOW });
      await batch('rejected', 'Held', { rejected_at: NOW });
      expect(await takenUp()).toEqual(['approved: Held, its file gone', 'rejected: Held, its file gone']);
    });

    test('reads a retried file where it was archived, if it still is a file there', async () => {
      await writeFile(join(folder, 'archived.csv'), 'retried');
      await batch('retried', 'In Progress', { archived_path: join(folder, 'archived.csv') });
      await batch('taken away', 'In Progress', { archived_path: join(folder, 'nowhere.csv') });
      await batch('a folder now', 'In Progress', { archived_path: folder });
      expect(await takenUp()).toEqual([
        'a folder now: In Progress, its file gone', 'retried: In Progress, its file at hand', 'taken away: In Progress, its file gone',
      ]);
      const [retried] = await findUnfinished({ database, settings: { ...defaults(), inbox }, node: undefined }, (token) => token !== 'retried');
      expect(retried!.claimed).toEqual({ token: 'retried', name: 'retried.csv', path: join(folder, 'archived.csv') });
    });

    test('sees to what a node has left that it was among several', async () => {
      await batch('a', 'Ready', { owner: 'north' });
      expect(await takenUp()).toEqual(['a: Ready, its file gone']);
    });
  });

  describe('a node among several', () => {
    test('takes up what is its own, and nothing of others that are there', async () => {
      await claimed('ours', 'north');
      await batch('ours', 'Ready', { owner: 'north' });
      await claimed('theirs', 'south');
      await batch('theirs', 'Ready', { owner: 'south' });
      await batch('theirs, elsewhere', 'Ready', { owner: 'south' });
      expect(await takenUp({ node: 'north' })).toEqual(['ours: Ready, its file at hand']);
    });

    test('does of what is nobody\'s only what the database alone can do, until its file is in reach and it is its own', async () => {
      await batch('staged', 'Ready');
      await batch('unread', 'In Progress');
      expect(await takenUp({ node: 'north' })).toEqual(['staged: Ready, its file away']);
    });

    test('leaves a batch to the node whose folder its file lies in, whoever owns it by the database', async () => {
      await claimed('passed on by half', 'south');
      await batch('passed on by half', 'Ready', { owner: 'north' });
      expect(await takenUp({ node: 'north' })).toEqual([]);
    });

    test('leaves a batch of others alone though a folder bears our name: they get it back', async () => {
      await claimed('theirs', 'north');
      await batch('theirs', 'Ready', { owner: 'south' });
      expect(await takenUp({ node: 'north' })).toEqual([]);
    });

    test('does for the dead what the database alone can do: what is staged and waits for nobody', async () => {
      await batch('staged', 'Ready', { owner: 'south' });
      await batch('approved', 'Held', { owner: 'south', approved_at: NOW });
      await batch('rejected', 'Held', { owner: 'south', rejected_at: NOW });
      await batch('waits', 'Held', { owner: 'south' });
      await batch('unread', 'In Progress', { owner: 'south' });
      await batch('complete', 'Complete', { owner: 'south' });
      await batch('of the living', 'Ready', { owner: 'west' });
      expect(await takenUp({ node: 'north', dead: ['south'] })).toEqual([
        'approved: Held, its file away', 'rejected: Held, its file away', 'staged: Ready, its file away',
      ]);
    });
  });
});
