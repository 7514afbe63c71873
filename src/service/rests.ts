import type { Clock } from '../clock.js';

const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

interface Rest {
  readonly tries: number;
  readonly until: number;
  /** How the work stood when it was first found resting; work that stands otherwise is other work. */
  state?: string | undefined;
}

/** Keeps what failed from being tried again too soon, each time for longer; in the end for good, where it cannot pass. */
export class Rests {
  private rests = new Map<string, Rest>();

  constructor(private readonly clock: Clock, private readonly maxTries: number) {}

  /**
   * Says that a try has failed. Returns for how many milliseconds the work rests: for ever (Infinity, until the next
   * start), where the reason is none that passes and `maxTries` were made, or trying again `isUseless`.
   */
  begin(key: string, mayPass: boolean, isUseless = false): number {
    const tries = (this.rests.get(key)?.tries ?? 0) + 1;
    const restMs = mayPass || (tries < this.maxTries && !isUseless) ? Math.min(FIRST_REST_MS * 2 ** (tries - 1), LONGEST_REST_MS) : Infinity;
    this.rests.set(key, { tries, until: this.clock() + restMs });
    return restMs;
  }

  /** Puts work off until it is looked at again, for a reason that says nothing of it. */
  pause(key: string): void {
    this.rests.set(key, { tries: this.rests.get(key)?.tries ?? 0, until: this.clock() });
  }

  /** Whether work rests now. `state` is how it stands: once that has changed, somebody has acted and the rest is over. */
  isResting(key: string, state?: string): boolean {
    const rest = this.rests.get(key);
    if (rest === undefined) return false;
    rest.state ??= state;
    // A clock that was set back must not make a rest longer than it was meant to be.
    const isOver = this.clock() >= rest.until || (rest.until - this.clock() > LONGEST_REST_MS && rest.until !== Infinity);
    return !isOver && rest.state === state;
  }

  /** Says that work has succeeded. */
  end(key: string): void {
    this.rests.delete(key);
  }

  /** Forgets all work that is not there any more. */
  keepOnly(keys: ReadonlySet<string>): void {
    this.rests = new Map([...this.rests].filter(([key]) => keys.has(key)));
  }

  /** How much work has failed and was not done since. */
  get size(): number {
    return this.rests.size;
  }
}
