/**
 * Does something for each item, in their order, at most `bound` of them at once. Where one fails no further one is begun;
 * it throws the first failure when nothing is under way any more.
 */
export async function forEachBounded<T>(items: readonly T[], bound: number, visit: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (failure !== undefined) return;
      await visit(item).catch((error: unknown) => { failure ??= { error }; });
    }
  };
  await Promise.all(Array.from({ length: Math.min(bound, items.length) }, lane));
  if (failure !== undefined) throw failure.error;
}
