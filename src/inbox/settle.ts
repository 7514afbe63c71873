import type { Clock } from '../clock.js';
import { looksComplete } from './complete.js';
import { forEachBounded } from '../bounded.js';
import type { Seen } from './scan.js';

/** How long a zip that is complete must have looked the same. */
const COMPLETE_MS = 300;

const READS_AT_ONCE = 16;

/** A file as it has looked since an instant; `isIncomplete` once its bytes were found not to tell that it is whole. */
export interface Look {
  readonly seen: Pick<Seen, 'size' | 'mtimeMs' | 'inode'>;
  readonly since: number;
  readonly isIncomplete?: boolean;
}

/** The look to remember of a file: the earlier one while nothing has changed. A clock that was set back begins anew. */
function nextLook(earlier: Look | undefined, seen: Look['seen'], now: number): Look {
  const isSame = earlier !== undefined && earlier.seen.size === seen.size && earlier.seen.mtimeMs === seen.mtimeMs
    && earlier.seen.inode === seen.inode && earlier.since <= now;
  return isSame ? earlier : { seen, since: now };
}

/**
 * Whether a file has stopped changing: the same in two looks, a short while apart for a complete zip, longer for
 * others. Only the looks' own clock counts: the time that the file claims to be of may lie in the future.
 */
export function isSettled(look: Look, now: number, isComplete: boolean, settleMs: number): boolean {
  return now > look.since && now >= restsUntil(look, isComplete, settleMs);
}

function restsUntil(look: Look, isComplete: boolean, settleMs: number): number {
  return look.since + (isComplete ? Math.min(COMPLETE_MS, settleMs) : settleMs);
}

/** Keeps the looks at the files of an inbox, and tells which have settled. */
export class Settler {
  private looks = new Map<string, Look>();

  constructor(
    private readonly settleMs: number,
    private readonly clock: Clock,
    private readonly isComplete: (path: string) => Promise<boolean> = looksComplete,
  ) {}

  /** Takes a look at all files there are; those that are gone or have settled are forgotten. `ready` is in their order. */
  async look(files: readonly Seen[]): Promise<{ ready: Seen[]; waiting: number }> {
    const now = this.clock();
    const looks = new Map<string, Look>();
    await forEachBounded(files, READS_AT_ONCE, async (seen) => {
      const look = await this.lookAtOne(seen, now);
      if (look !== 'settled') looks.set(seen.name, look);
    });
    this.looks = looks;
    return { ready: files.filter(({ name }) => !looks.has(name)), waiting: looks.size };
  }

  /** In how many milliseconds another look may find a file settled; undefined where none is settling. */
  nextLookIn(): number | undefined {
    if (this.looks.size === 0) return undefined;
    let due = Infinity;
    for (const look of this.looks.values()) due = Math.min(due, restsUntil(look, look.isIncomplete !== true, this.settleMs));
    // A clock that was set back must not make the wait a long one.
    return Math.max(1, Math.min(due - this.clock(), this.settleMs));
  }

  private async lookAtOne(seen: Seen, now: number): Promise<Look | 'settled'> {
    const look = nextLook(this.looks.get(seen.name), seen, now);
    if (isSettled(look, now, false, this.settleMs)) return 'settled';
    if (look.isIncomplete || !isSettled(look, now, true, this.settleMs)) return look;
    return await this.isComplete(seen.path) ? 'settled' : { ...look, isIncomplete: true };
  }
}
