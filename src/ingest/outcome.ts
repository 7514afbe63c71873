import { counted } from '../counted.js';
import { printable } from '../errors.js';
import type { StageBatch } from '../store/entities/stage-batch.js';

/** What became of a batch, in one line that a person can read while tailing the log. */
export function outcomeLine(batch: StageBatch): string {
  const head = `batch ${batch.id} ${batch.batch_status.toLowerCase()}  ${printable(batch.filename)}`;
  return [head, verdictText(batch), seconds(batch)].filter((part) => part !== '').join('  ');
}

/** What the rows of a loaded batch did, or why it was not loaded. */
export function verdictText(batch: StageBatch): string {
  return batch.batch_status === 'Complete' ? [rowsOf(batch), ...effectsOf(batch)].join('  ') : batch.error ?? '';
}

function rowsOf(batch: StageBatch): string {
  const counts: [number, string][] = [
    [batch.add_count, 'added'], [batch.append_count, 'appended'], [batch.replace_count, 'replaced'],
    [batch.merge_count, 'merged'], [batch.unchanged_count, 'unchanged'],
  ];
  const said = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `${counted(batch.total_count, 'row')}: ${[...said, `${batch.failure_count} failed`].join(' ')}`;
}

function effectsOf(batch: StageBatch): string[] {
  const effects: [number, string][] = [
    [batch.repeated_count, 'repeated'], [batch.zeroed_count, 'zeroed'],
    [batch.placeholder_inserted_count, 'placeholders'], [batch.placeholder_replaced_count, 'placeholders replaced'],
  ];
  return effects.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
}

function seconds(batch: StageBatch): string {
  if (batch.end_date === null) return '';
  return `${((Date.parse(batch.end_date) - Date.parse(batch.start_date)) / 1000).toFixed(2)} s`;
}
