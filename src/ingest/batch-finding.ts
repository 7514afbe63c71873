import { printable } from '../errors.js';
import type { Audit } from './audit.js';
import type { BatchFault, Finding } from './finding.js';

/** What is wrong with a batch, one finding for each row, count and date. */
export function batchFindings({ batch, rowsLost, notApplied, marks, totals, dates }: Audit): Finding[] {
  const title = `batch ${batch.id} (${printable(batch.filename)})`;
  const finding = (kind: BatchFault, words: string, item: { account?: string | null; reference?: string | null; row?: number } = {}): Finding => ({
    kind, account: item.account ?? null, reference: item.reference ?? null, batch: batch.id, versions: [], expected: null,
    message: `${title}${item.row === undefined ? '' : ` row ${item.row}`}: ${kind}: ${words}`,
  });
  if (rowsLost !== undefined) return [finding(rowsLost.there < rowsLost.read ? 'lost rows' : 'rows too many', lossText({ batch, rowsLost, dates }))];
  return [
    ...notApplied.map((account) => finding('not applied', `${batch.batch_status}, but nothing says that it counts for ${printable(account)}, nor since when, `
      + `so this is not repaired: delete the batch (scd-inbox delete --batch ${batch.id}), check again and drop its file again`, { account })),
    ...marks.map((row) => finding('wrong mark', markText(row), { account: row.client_account, reference: row.external_reference, row: row.row_number })),
    ...totals.map(({ count, stated, counted }) => finding('wrong total', `${count} is ${stated}, its rows say ${counted}`)),
    ...dates.map((date) => finding('wrong date', dateText(date), { account: date.account })),
  ];
}

function lossText({ batch, rowsLost, dates }: Pick<Audit, 'batch' | 'dates'> & { rowsLost: { read: number; there: number } }): string {
  const where = dates.map((date) => `; ${dateText(date)}`).join('');
  const file = batch.archived_path === null ? '' : ` (${printable(batch.archived_path)})`;
  return `${rowsLost.read} read, ${rowsLost.there} there${where}. Nothing says what they were, so this is not repaired: `
    + `delete the batch (scd-inbox delete --batch ${batch.id}) and drop its file again${file}`;
}

function markText({ client_account: account, external_reference: reference, status, action, due, dueAction }: Audit['marks'][number]): string {
  const item = account === null || reference === null ? '' : ` of ${printable(account)} / ${printable(reference)}`;
  return `the row${item} is ${status} ${action}, must be ${due}${dueAction === undefined ? '' : ` ${dueAction}`}`;
}

function dateText({ account, effective_date: date, stated, counted }: Audit['dates'][number]): string {
  return `${printable(account)} at ${date}: ${stated ?? 'none'} accepted by its count, ${counted} by its rows`;
}
