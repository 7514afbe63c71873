import type { Value } from './policy.js';

/** A version as it is drawn; dates are `YYYY-MM-DD`. */
export interface DrawnVersion {
  readonly from: string;
  readonly to: string | null;
  readonly tracked: readonly Value[];
  readonly isPlaceholder: boolean;
  readonly isMissing: boolean;
}

/** Draws a chain as a time line in text, a line for each version, values in columns. */
export function drawChain(title: string, versions: readonly DrawnVersion[]): string {
  const rows = versions.map((version) => version.tracked.map((value) => (version.isPlaceholder ? '?' : value === null ? '–' : String(value))));
  const widths = rows.reduce<number[]>((known, row) => row.map((text, index) => Math.max(known[index] ?? 0, text.length)), []);
  const lines = versions.map((version, index) => {
    const values = rows[index]!.map((text, column) => (typeof versions[index]!.tracked[column] === 'string' && !version.isPlaceholder
      ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)));
    return `  ${version.from} ${arrow(version)}  ${values.join('  ')}${note(version)}`.trimEnd();
  });
  return [title, ...lines].join('\n');
}

function arrow({ to, isPlaceholder }: DrawnVersion): string {
  if (to === null) return '──▶'.padEnd(15);
  return `${isPlaceholder ? '┄┄' : '──'} ${to}  `;
}

function note({ isPlaceholder, isMissing }: DrawnVersion): string {
  if (isPlaceholder) return '  silent: nothing was submitted';
  return isMissing ? '  missing from the submission' : '';
}
