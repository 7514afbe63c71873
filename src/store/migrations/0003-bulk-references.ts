import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL looks a reference up for every row that is written, which makes a large file dear (docs/scaling.md). The
 * tables into which files go are checked once a statement instead: the same is refused, and what is referred to is
 * locked in the same way.
 */
export class BulkReferences1700000000003 implements MigrationInterface {
  readonly name = 'BulkReferences1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    if (runner.connection.options.type !== 'postgres') return;
    for (const reference of REFERENCES) for (const statement of statements(reference)) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('references that are checked once a statement are not taken back: nothing would be gained');
  }
}

interface Reference {
  readonly table: string;
  readonly column: string;
  readonly to: string;
}

const REFERENCES: readonly Reference[] = [
  { table: 'stage_record', column: 'batch_id', to: 'stage_batch' },
  { table: 'master_record', column: 'batch_id', to: 'stage_batch' },
  { table: 'master_record', column: 'client_account_id', to: 'client_account' },
];

function statements({ table, column, to }: Reference): string[] {
  const name = `${table}_${column}`;
  const refuse = `raise foreign_key_violation using message = format('%s on table %s violates foreign key "${name}"', lower(tg_op), tg_table_name)`;
  return [
    `alter table ${table} drop constraint ${name}_fkey`,

    `create function ${name}_named() returns trigger language plpgsql as $$
     declare known bigint;
     begin
       perform 1 from ${to} where id in (select ${column} from written) for key share;
       get diagnostics known = row_count;
       if known < (select count(distinct ${column}) from written) then ${refuse}; end if;
       return null;
     end $$`,
    `create trigger ${name}_inserted after insert on ${table} referencing new table as written
       for each statement execute function ${name}_named()`,

    // Nothing in the program does what the rest is about: people may.
    `create function ${name}_changed() returns trigger language plpgsql as $$
     begin
       perform 1 from ${to} where id = new.${column} for key share;
       if not found then ${refuse}; end if;
       return null;
     end $$`,
    `create trigger ${name}_updated after update of ${column} on ${table} for each row
       when (old.${column} is distinct from new.${column}) execute function ${name}_changed()`,

    `create function ${name}_dropped() returns trigger language plpgsql as $$
     begin
       if exists (select 1 from ${table} where ${column} = old.id) then ${refuse}; end if;
       return null;
     end $$`,
    `create trigger ${name}_kept after delete on ${to} for each row execute function ${name}_dropped()`,
    `create trigger ${name}_kept_id after update of id on ${to} for each row
       when (old.id <> new.id) execute function ${name}_dropped()`,
  ];
}
