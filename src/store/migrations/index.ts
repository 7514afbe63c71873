import { Initial1700000000001 } from './0001-initial.js';
import { Nodes1700000000002 } from './0002-nodes.js';
import { BulkReferences1700000000003 } from './0003-bulk-references.js';
import { OpenVersions1700000000004 } from './0004-open-versions.js';
import { ItemIndex1700000000005 } from './0005-item-index.js';

/** What brings the schema of a database up to date, in order. */
export const MIGRATIONS = [
  Initial1700000000001, Nodes1700000000002, BulkReferences1700000000003, OpenVersions1700000000004, ItemIndex1700000000005,
];
