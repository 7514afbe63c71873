import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a process and its children use, read from outside: /proc. */

export interface Use {
  /** User and system time of all processes. */
  readonly cpuSeconds: number;
  /** The highest resident memory of all processes together. */
  readonly peakMiB: number;
}

const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 25;

export class Meter {
  private readonly timer: NodeJS.Timeout;
  private cpuAtReset = 0;
  private peakMiB = 0;
  /** What was used up to the last sample: the process may be gone by now. */
  last: Use = { cpuSeconds: 0, peakMiB: 0 };

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => { this.last = this.use(); }, SAMPLE_MS);
  }

  /** Begins to count anew. */
  reset(): void {
    this.peakMiB = 0;
    // Lets the system's own high-water marks begin anew.
    for (const pid of this.pids()) ignoringGone(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'));
    this.cpuAtReset = this.cpu();
  }

  /** What was used since the last reset. */
  use(): Use {
    const pids = this.pids();
    // Of a single process the system knows the peak itself, between the samples as well.
    const memory = pids.map((pid) => kib(pid, pids.length === 1 ? 'VmHWM' : 'VmRSS')).reduce((sum, one) => sum + one, 0) / 1024;
    this.peakMiB = Math.max(this.peakMiB, memory);
    return { cpuSeconds: this.cpu() - this.cpuAtReset, peakMiB: this.peakMiB };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private cpu(): number {
    return this.pids().map(ticks).reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
  }

  private pids(): number[] {
    const found = [this.pid];
    for (const pid of found) found.push(...childrenOf(pid));
    return found;
  }
}

function childrenOf(pid: number): number[] {
  return ignoringGone(() => readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter((child) => child !== '').map(Number))) ?? [];
}

function ticks(pid: number): number {
  const stat = ignoringGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return 0;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function kib(pid: number, name: string): number {
  const status = ignoringGone(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1] ?? 0);
}

/** A process may end between two looks. */
function ignoringGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
