import { hostname } from 'node:os';
import type { Settings } from './settings.js';

/** The name by which the other nodes on a database know this one. */
export function nodeName({ node }: Pick<Settings, 'node'>): string {
  return node ?? hostname().replace(/[^\w.-]/gu, '-').slice(0, 63);
}
