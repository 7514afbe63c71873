import type { Clock } from '../clock.js';
import type { Settings } from '../config/settings.js';
import type { Log } from '../log.js';
import type { Store } from '../store/rehearsal.js';
import type { PolicyInForce } from '../store/policies.js';
import type { WorkbookReader } from '../workbook/reader.js';
import type { Lane } from './lane.js';

/** What the verbs of this folder work with. */
export interface Context extends DecidingContext {
  readonly reader: WorkbookReader;
  readonly clock: Clock;
  /** The name of this node among several on the database; undefined where there is only one. */
  readonly node?: string | undefined;
  /** Whether nodes that are not heard of are dead, and it is not this one that was cut off from the database. */
  readonly canJudge?: () => boolean;
}

/** What they need up to the verdict on a batch and its history: nothing of folders. */
export interface DecidingContext {
  readonly settings: Settings;
  readonly database: Store;
  readonly reader: Pick<WorkbookReader, 'read'>;
  readonly policy: PolicyInForce;
  readonly log: Log;
  /** Batches are admitted and applied one after another, small ones together; reading and staging go on beside it. */
  readonly lane: Lane;
  /** Aborted when the program is told to stop: reading ends, transactions under way do not. */
  readonly signal: AbortSignal;
  /** Batches whose last attempt ended through no fault of theirs and is counted all the same: the database was away. */
  readonly pardoned: Set<number>;
  /** Told of every chunk of rows that was staged. */
  readonly onRows?: (filename: string, rows: number) => void;
}
