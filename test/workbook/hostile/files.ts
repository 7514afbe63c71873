import type { ErrorCode } from '../../../src/errors.js';
import { binaries, impostors, openDocuments, texts } from './others.js';
import { documents, zips } from './xlsx.js';

/** A file that is made to do harm, and what becomes of it: it is refused for its reason, or so many rows are read. */
export type HostileFile = {
  readonly name: string;
  readonly what: string;
  readonly bytes: () => Buffer;
} & ({ readonly refused: ErrorCode; readonly because: RegExp } | { readonly reads: number });

/** Every hostile file there is. */
export const HOSTILE_FILES: readonly HostileFile[] = [...zips, ...documents, ...impostors, ...openDocuments, ...binaries, ...texts];
