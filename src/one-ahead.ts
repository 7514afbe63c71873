/**
 * Makes something of each item, in their order, and is one ahead of whoever takes what was made. It ends, or is left, when
 * nothing is being made any more.
 */
export async function* oneAhead<T, R>(items: Iterable<T>, make: (item: T) => Promise<R>): AsyncGenerator<R> {
  const rest = items[Symbol.iterator]();
  const begin = (): Promise<R> | undefined => {
    const next = rest.next();
    if (next.done === true) return undefined;
    const making = make(next.value);
    // Where it fails, that is thrown when its turn comes.
    making.catch(() => undefined);
    return making;
  };
  let ahead = begin();
  try {
    while (ahead !== undefined) {
      const made: R = await ahead;
      ahead = begin();
      yield made;
    }
  } finally {
    await ahead?.catch(() => undefined);
  }
}
