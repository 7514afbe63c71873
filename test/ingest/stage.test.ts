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
