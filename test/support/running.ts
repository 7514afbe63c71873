import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';

/** Longer than anything takes, and shorter than a test may: a test that waits in vain says for what. */
export const PATIENCE_MS = 240_000;

/** A process of the program under way, and what it says. */
export class Running {
  /** Its log and its errors so far. */
  said = '';
  private readonly ended: Promise<number | null>;

  constructor(readonly child: ChildProcess) {
    const listen = (chunk: Buffer): void => { this.said += chunk.toString(); };
    child.stdout!.on('data', listen);
    child.stderr!.on('data', listen);
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Waits until it says something, `times` over; throws what it said where it ends before, or says nothing of the kind. */
  async says(pattern: RegExp, times = 1): Promise<void> {
    const all = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`);
    const waiting = new AbortController();
    const isOver = this.ended.then(() => 'it ended before');
    const isLate = rest(PATIENCE_MS, `in ${PATIENCE_MS / 1000} s it did not come to where`, { signal: waiting.signal }).catch(() => '');
    try {
      for (let fault: unknown; [...this.said.matchAll(all)].length < times;) {
        if (typeof fault === 'string') throw new Error(`${fault} it said ${pattern.source}:\n${this.said}`);
        const heard = new AbortController();
        const lines = [this.child.stdout!, this.child.stderr!].map(async (stream) => once(stream, 'data', { signal: heard.signal }));
        fault = await Promise.race([...lines, isOver, isLate]);
        heard.abort();
      }
    } finally {
      waiting.abort();
    }
  }

  /** Sends a signal, and waits for its end. Returns its status, null where the signal killed it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Lets one that a fail point stops go on to its end: it says so right before it stops, and cannot be woken before it sleeps. */
  async goOn(): Promise<number | null> {
    const waking = setInterval(() => this.child.kill('SIGCONT'), 20);
    return this.ended.finally(() => clearInterval(waking));
  }

  /** Wakes one that a fail point stops, once: it says so right before it sleeps. */
  async wake(): Promise<void> {
    while (!(await readFile(`/proc/${this.child.pid}/stat`, 'utf8')).includes(') T ')) await rest(5);
    this.child.kill('SIGCONT');
  }

  /** Waits for its end. */
  async end(): Promise<number | null> {
    return this.ended;
  }
}
