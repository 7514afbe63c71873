/** Ways of cutting the same observations into files. */

import fc from 'fast-check';
import type { Observation } from './arbitraries.js';
import type { ModelFile } from './types.js';

/** A way of cutting: it fits any set of observations, so that one set can be cut twice. */
export interface Cut {
  /** Sort keys of the observations, round and round. */
  readonly keys: readonly number[];
  /** How many rows the files have, round and round. */
  readonly sizes: readonly number[];
  /** Which observations are said once more, in a file of their own at the end. */
  readonly repeats: readonly number[];
}

/** Any way of cutting. */
export function cuts(): fc.Arbitrary<Cut> {
  return fc.record({
    keys: fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 20 }),
    sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
    repeats: fc.array(fc.nat({ max: 19 }), { maxLength: 4 }),
  });
}

/** The observations cut into files of 1 to 8 rows, in the order in which they arrive; each is said at least once. */
export function cutUp(observations: readonly Observation[], cut: Cut): ModelFile[] {
  const key = (i: number) => cut.keys[i % cut.keys.length] ?? 0;
  const indices = observations.map((_, i) => i).sort((a, b) => key(a) - key(b));
  const repeats = cut.repeats.map((i) => i % observations.length);
  return [...slices(indices, cut.sizes), ...(repeats.length > 0 ? [repeats] : [])].map((rows, n) => ({
    name: `cut-${n + 1}`,
    rows: rows.flatMap((i, j) => {
      const observation = observations[i];
      return observation ? [{ row: j + 2, ...observation, unreadable: false }] : [];
    }),
  }));
}

function slices(indices: readonly number[], sizes: readonly number[]): number[][] {
  const parts: number[][] = [];
  for (let from = 0, n = 0; from < indices.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    parts.push(indices.slice(from, from + size));
    from += size;
  }
  return parts;
}
