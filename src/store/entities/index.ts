import { AccountPolicy } from './account-policy.js';
import { BatchAccount } from './batch-account.js';
import { BatchDate } from './batch-date.js';
import { ChangeCounter } from './change-counter.js';
import { ClientAccount } from './client-account.js';
import { MasterRecord } from './master-record.js';
import { NodeStatus } from './node-status.js';
import { PolicyRecord } from './policy.js';
import { StageBatch } from './stage-batch.js';
import { StageRecord } from './stage-record.js';

/** The schema, as TypeORM sees it. */
export const ENTITIES = [
  ClientAccount, StageBatch, StageRecord, BatchAccount, BatchDate, MasterRecord, PolicyRecord, AccountPolicy,
  ChangeCounter, NodeStatus,
];
