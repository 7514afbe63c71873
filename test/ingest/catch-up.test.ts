import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { IngestError } from '../../src/errors.js';
import { catchUp } from '../../src/ingest/apply.js';
import type { Store } from '../../src/store/rehearsal.js';
import { file, POLICY, row } from '../model/fixtures.js';
import { ENGINES } from '../support/engines.js';
import { World } from '../support/world.js';

describe.each(ENGINES)('on $name', (engine) => {
  let world: World;
  beforeEach(async () => { world = await World.open(POLICY, undefined, engine); });
  afterEach(async () => world.close());

  /** A batch behind another that is admitted and not yet applied to their account; what is written for that one fails. */
  async function behindOneThatFails(error: IngestError): Promise<void> {
    const { id: first } = await world.stage(file('a', row('2022-01-28', 'x', 1)));
    await world.admit(first);
    const { id: second } = await world.stage(file('b', row('2022-02-28', 'x', 2)));
    const store: Store = { reader: world.database.reader, writesAtOnce: 1, write: async () => { throw error; } };
    await catchUp(store, second, world.policy);
  }

  test('what others still have to say of an account does not stop a batch where it fails', async () => {
    await expect(behindOneThatFails(new IngestError('unbalanced', 'rows are missing'))).resolves.toBeUndefined();
  });

  test('a disk that fails under what others have to say of an account ends the batch’s way at once', async () => {
    const failing = new IngestError('disk', 'the disk reported an error');
    await expect(behindOneThatFails(failing)).rejects.toBe(failing);
  });
});
