import type { Clock } from '../clock.js';
import { looksComplete } from './complete.js';
import type { Seen } from './scan.js';

/** How long a zip that is complete must have looked the same. */
const COMPLETE_MS = 300;

/** A file as it has looked since an instant. */
export interface Look {
  readonly seen: Pick<Seen, 'size' | 'mtimeMs' | 'inode'>;
  readonly since: number;
}

/** The look to remember of a file: the earlier one while nothing has changed. */
export function nextLook(earlier: Look | undefined, seen: Look['seen'], now: number): Look {
  const isSame = earlier !== undefined && earlier.seen.size === seen.size && earlier.seen.mtimeMs === seen.mtimeMs
    && earlier.seen.inode === seen.inode && earlier.since <= now;
  return isSame ? earlier : { seen, since: now };
}

/** Whether a file has stopped changing: in two looks, a short while apart for a complete zip, longer for others. */
export function isSettled(look: Look, now: number, isComplete: boolean, settleMs: number): boolean {
  return now - look.since >= (isComplete ? Math.min(COMPLETE_MS, settleMs) : settleMs) && now > look.since;
}

/** Keeps the looks at the files of an inbox, and tells which have settled. */
export class Settler {
  private looks = new Map<string, Look>();

  constructor(private readonly settleMs: number, private readonly clock: Clock) {}

  /** Takes a look at all files there are; those that are gone are forgotten. */
  async look(files: readonly Seen[]): Promise<{ ready: Seen[]; waiting: number }> {
    const now = this.clock();
    const looks = new Map<string, Look>();
    const ready: Seen[] = [];
    for (const seen of files) {
      const look = nextLook(this.looks.get(seen.name), seen, now);
      if (await this.hasSettled(seen, look, now)) ready.push(seen);
      else looks.set(seen.name, look);
    }
    this.looks = looks;
    return { ready, waiting: looks.size };
  }

  /** In how many milliseconds another look may find a file settled; undefined where none is settling. */
  nextLookIn(): number | undefined {
    return this.looks.size === 0 ? undefined : Math.min(COMPLETE_MS, Math.max(this.settleMs, 1));
  }

  private async hasSettled(seen: Seen, look: Look, now: number): Promise<boolean> {
    if (isSettled(look, now, false, this.settleMs)) return true;
    return isSettled(look, now, true, this.settleMs) && looksComplete(seen.path);
  }
}
