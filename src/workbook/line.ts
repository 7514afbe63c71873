import type { MessagePort } from 'node:worker_threads';

/** What comes over a line from a thread: a sign of life, which needs no answer, a question, which gets one, or that it was all. */
export type Said = { readonly alive: true } | { readonly question: unknown } | { readonly ended: true };

const SIGNS_EVERY_MS = 1_000;

/** The thread's end of the line to the main thread: each question is answered, in order. */
export class Line {
  private readonly waiting: ((answer: unknown) => void)[] = [];
  private lastSign = 0;

  constructor(private readonly port: MessagePort) {
    port.on('message', (answer: unknown) => this.waiting.shift()?.(answer));
    this.say({ alive: true });
  }

  /** Says that work goes on; free to be called often. */
  alive(): void {
    const now = performance.now();
    if (now - this.lastSign >= SIGNS_EVERY_MS) this.say({ alive: true });
  }

  /** Asks the main thread; resolves with its answer. */
  async ask(question: unknown): Promise<unknown> {
    const answer = new Promise<unknown>((resolve) => this.waiting.push(resolve));
    this.say({ question });
    return answer;
  }

  /** Says that nothing comes any more; a question that is still under way gets its answer all the same, unheard. */
  end(): void {
    this.say({ ended: true });
    // An open port keeps the thread awake.
    this.port.close();
  }

  private say(said: Said): void {
    this.lastSign = performance.now();
    this.port.postMessage(said);
  }
}
