import { extname } from 'node:path';

/** The longest name that file systems take, in bytes. */
const MAX_BYTES = 255;

/** `name (suffix).ext`; the stem is shortened where the name would be too long, never within a character. */
export function withSuffix(name: string, suffix: string): string {
  return withEnding(name, ` (${suffix})${extname(name)}`);
}

/** The name with another ending instead of its own, shortened like `withSuffix`. */
export function withEnding(name: string, ending: string): string {
  const stem = name.slice(0, name.length - extname(name).length);
  return shortened(stem, MAX_BYTES - Buffer.byteLength(ending)) + ending;
}

function shortened(text: string, bytes: number): string {
  let kept = '';
  let used = 0;
  for (const sign of text) {
    used += Buffer.byteLength(sign);
    if (used > bytes) break;
    kept += sign;
  }
  return kept;
}
