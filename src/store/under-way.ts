/** What has to end before the connection that it works on is closed. */
export class UnderWay {
  private readonly works = new Set<Promise<unknown>>();

  /** Counts work as under way until it ends. Returns what it returns. */
  async until<T>(work: Promise<T>): Promise<T> {
    this.works.add(work);
    try {
      return await work;
    } finally {
      this.works.delete(work);
    }
  }

  /** Resolves when nothing is under way any more, what began meanwhile included. */
  async ended(): Promise<void> {
    while (this.works.size > 0) await Promise.allSettled(this.works);
  }
}
