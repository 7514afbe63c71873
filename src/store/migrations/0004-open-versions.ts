import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL's constraint against overlapping versions costs more than half of what a new version does, and nearly every new
 * version is open. It is kept to closed versions; that an open one is the last of its item is asked of an index, once a
 * statement. What was refused before is refused still, and by the account's lock also where two transactions write at once.
 */
export class OpenVersions1700000000004 implements MigrationInterface {
  readonly name = 'OpenVersions1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.connection.options.type !== 'postgres') return;
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the constraint on open versions is not taken back: nothing would be gained');
  }
}

/** The live version of an item of `w` that is open, or that ends last of the closed ones: those do not overlap. */
const ofItem = (column: string, which: string): string => `(select m.${column} from master_record m
    where m.client_account_id = w.client_account_id and m.external_reference = w.external_reference and not m.is_deleted and ${which})`;

const STATEMENTS = [
  'alter table master_record drop constraint master_record_no_overlap',
  `alter table master_record add constraint master_record_no_overlap exclude using gist
     ((md5(client_account_id || ' ' || external_reference)::uuid) with =, daterange(from_date, to_date) with &&)
     where (not is_deleted and to_date is not null) deferrable initially immediate`,

  // Whoever plans this anew for a table that was empty a moment ago must not think of reading it whole for every row.
  `create function master_record_open_is_last() returns trigger language plpgsql
     set enable_seqscan = off set enable_bitmapscan = off as $$
   begin
     perform 1 from client_account where id in (select client_account_id from written) order by id for no key update;
     if exists (select 1 from written w where not w.is_deleted and w.to_date is null
         and w.from_date < ${ofItem('to_date', 'm.to_date is not null order by m.from_date desc limit 1')})
       or exists (select 1 from written w where not w.is_deleted and w.to_date is not null
         and w.to_date > ${ofItem('from_date', 'm.to_date is null')}) then
       raise exclusion_violation using message = 'an open version overlaps a closed one of its item', constraint = 'master_record_open_is_last';
     end if;
     return null;
   end $$`,
  ...['insert', 'update'].map((verb) => `create trigger master_record_open_is_last_${verb} after ${verb} on master_record
     referencing new table as written for each statement execute function master_record_open_is_last()`),
];
