import { deleteBatch, deleteRecord } from '../../src/ingest/delete.js';
import type { Deed } from '../model/commands.js';
import type { World } from './world.js';

/** Does a deed to a real database. */
export async function carryOut(world: World, deed: Deed): Promise<void> {
  switch (deed.kind) {
    case 'drop': return void await world.drop(deed.file);
    case 'deleteBatch': return void await deleteBatch(world.database, deed.batchId);
    case 'setPolicy': return world.setPolicy(deed.policy);
    case 'deleteRecord': {
      const [row] = await world.database.reader.rows<{ id: number }>(
        'select id from stage_record where batch_id = ? and row_number = ?', [deed.batchId, deed.row]);
      return void await deleteRecord(world.database, row!.id);
    }
    case 'retry': return world.retry(deed.batchId);
    case 'approve': return world.approve(deed.batchId);
    case 'reject': return world.reject(deed.batchId);
  }
}
