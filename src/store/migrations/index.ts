import { Initial1700000000001 } from './0001-initial.js';
import { Nodes1700000000002 } from './0002-nodes.js';

/** What brings the schema of a database up to date, in order. */
export const MIGRATIONS = [Initial1700000000001, Nodes1700000000002];
