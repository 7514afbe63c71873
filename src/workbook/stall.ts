const LOOKS = 4;

/** Fires once when there has been no sign of life for a while. Waits for the first sign: a task may be queued. */
export class Stall {
  private timer: NodeJS.Timeout | undefined;
  private silentLooks = 0;
  private isStopped = false;

  constructor(private readonly ms: number, private readonly onStall: () => void) {}

  /** A sign of life; ends a pause. */
  alive(): void {
    this.silentLooks = 0;
    if (this.timer === undefined && !this.isStopped) this.timer = setInterval(() => this.look(), this.ms / LOOKS);
  }

  /** Until the next sign of life, silence is the main thread's own doing. */
  pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  stop(): void {
    this.isStopped = true;
    this.pause();
  }

  /** Several looks instead of one timer: after the main thread itself was busy, waiting signs are heard before the next. */
  private look(): void {
    this.silentLooks += 1;
    if (this.silentLooks <= LOOKS) return;
    this.stop();
    this.onStall();
  }
}
