import { afterEach, expect, test } from '@jest/globals';
import * as XLSX from 'xlsx';
import { ENGINES } from '../support/engines.js';
import { Pass } from '../support/pass.js';
import { bookOf, HEADINGS } from '../support/workbooks.js';

let pass: Pass | undefined;
afterEach(async () => pass?.close());

test.each(ENGINES)('a workbook that is read anew, for merged cells behind many rows, has its rows once ($name)', async (engine) => {
  pass = await Pass.create({}, engine);
  const rows = Array.from({ length: 10_500 }, (_, index) => ['2022-01-28', 'CL-1', `R${index}`, 'Acme', index, 'Cash']);
  const batch = await pass.take('merged.xlsx', bookOf([HEADINGS, ...rows], 'xlsx', (sheet) => { sheet['!merges'] = [XLSX.utils.decode_range('E3:E4')]; }));
  expect(batch).toMatchObject({ batch_status: 'Complete', total_count: 10_500, success_count: 10_500, add_count: 10_500 });
  expect(await pass.rows("select count(*) as count from stage_record")).toEqual([{ count: 10_500 }]);
  expect(await pass.rows("select external_reference, amount from master_record where external_reference in ('R1', 'R2', 'R3') order by 1")).toEqual([
    { external_reference: 'R1', amount: 1 }, { external_reference: 'R2', amount: null }, { external_reference: 'R3', amount: 3 },
  ]);
});

test.each(ENGINES)('what reading counted of a file is what lies in the database, account by account and date by date ($name)', async (engine) => {
  pass = await Pass.create({}, engine);
  const rows = Array.from({ length: 10_500 }, (_, index) =>
    [index % 9 === 0 ? '2022-02-28' : '2022-01-28', `CL-${index % 4}`, `R${index}`, 'Acme', index % 50 === 0 ? 'n/a' : index, 'Cash']);
  expect(await pass.take('mixed.xlsx', bookOf([HEADINGS, ...rows]))).toMatchObject({ batch_status: 'Complete', total_count: 10_500, failure_count: 210 });
  const named = await pass.rows(`select a.account_number, d.effective_date, d.accepted_count from batch_date d
    join client_account a on a.id = d.client_account_id order by 1, 2`);
  const staged = await pass.rows<{ accepted_count: number }>(`select client_account as account_number, effective_date, count(*) as accepted_count
    from stage_record where process_status = 'Processed' group by 1, 2 order by 1, 2`);
  expect(named).toEqual(staged.map((row) => ({ ...row, accepted_count: Number(row.accepted_count) })));
  expect(named).toHaveLength(8);
});
