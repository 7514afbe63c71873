import { extname } from 'node:path';

/** The longest name that file systems take, in bytes. */
const MAX_BYTES = 255;

/** What comes after the last point counts as the kind of a file up to this length; beyond it is a part of the name. */
const MAX_KIND_BYTES = 16;

/** `name (suffix).ext`; the stem is shortened where the name would be too long, never within a character. */
export function withSuffix(name: string, suffix: string): string {
  return withEnding(name, ` (${suffix})${kindOf(name)}`);
}

/** The name with another ending instead of its own, shortened like `withSuffix`. */
export function withEnding(name: string, ending: string): string {
  return shortened(stemOf(name), MAX_BYTES - Buffer.byteLength(ending)) + ending;
}

/** The name with an ending after its own, shortened like `withSuffix`. */
export function withFurtherEnding(name: string, ending: string): string {
  return shortened(stemOf(name), MAX_BYTES - Buffer.byteLength(kindOf(name) + ending)) + kindOf(name) + ending;
}

/** The names that a file may get in a folder, best first: its own, with the suffix, then numbered without end. */
export function* candidates(name: string, suffix: string): Generator<string> {
  yield name;
  yield withSuffix(name, suffix);
  for (let number = 2; ; number += 1) yield withSuffix(name, `${suffix}, ${number}`);
}

function kindOf(name: string): string {
  const kind = extname(name);
  return Buffer.byteLength(kind) > MAX_KIND_BYTES ? '' : kind;
}

function stemOf(name: string): string {
  return name.slice(0, name.length - kindOf(name).length);
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
