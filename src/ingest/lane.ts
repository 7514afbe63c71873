/** A way that is passed alone, or together by those who do not mind each other; who comes first passes first. */
export class Lane {
  /** Ends when the latest who passes alone has passed. */
  private alonePassed: Promise<void> = Promise.resolve();
  /** Ends when all have passed who came together since. */
  private togetherPassed: Promise<void> = Promise.resolve();

  /** `isOpen`: there are other nodes, which pass as they like, so that nobody passes alone. */
  constructor(readonly isOpen = false) {}

  /** Does work beside others that pass together, behind whoever came before to pass alone. */
  async together<T>(work: () => Promise<T>): Promise<T> {
    const passing = this.alonePassed.then(work);
    this.togetherPassed = ended(this.togetherPassed, passing);
    return passing;
  }

  /** Does work while nobody else passes, behind all who came before. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.isOpen) return work();
    const passing = ended(this.alonePassed, this.togetherPassed).then(work);
    this.alonePassed = ended(passing);
    this.togetherPassed = Promise.resolve();
    return passing;
  }
}

async function ended(...work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work);
}
