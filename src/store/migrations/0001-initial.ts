import type { MigrationInterface, QueryRunner } from 'typeorm';
import { POSTGRES, SQLITE, type SchemaWords } from '../dialect.js';

const STATUSES = ['In Progress', 'Ready', 'Held', 'Complete', 'Error', 'Duplicate', 'Deleted'];
const COUNTS = [
  'total', 'success', 'failure', 'repeated', 'add', 'append', 'unchanged', 'merge', 'replace', 'zeroed',
  'placeholder_inserted', 'placeholder_replaced',
];

/** Not `in`: for that SQLite builds a table of the values for every row that it checks, which doubles the cost of the row. */
function oneOf(column: string, values: readonly string[]): string {
  return values.map((value) => `${column} = '${value}'`).join(' or ');
}

/** The first schema. What must not be, the database refuses itself. */
export class Initial1700000000001 implements MigrationInterface {
  readonly name = 'Initial1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    const { schema } = runner.connection.options.type === 'postgres' ? POSTGRES : SQLITE;
    for (const statement of statements(schema)) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the first schema cannot be taken back: that would drop the history');
  }
}

const statements = ({ key, reference, text, date, amount, keyedOnly, behindTables }: SchemaWords): string[] => [
  `create table policy (
     id ${key},
     definition ${text} not null,
     in_force_since ${text} not null)`,

  `create table client_account (
     id ${key},
     account_number ${text} not null unique,
     policy_id ${reference} references policy (id),
     last_updated ${text} not null)`,

  `create table stage_batch (
     id ${key},
     filename ${text} not null,
     file_hash ${text},
     batch_status ${text} not null check (${oneOf('batch_status', STATUSES)}),
     claim ${text} unique,
     start_date ${text} not null,
     end_date ${text},
     admitted_seq ${reference} unique,
     sheet ${text},
     ${COUNTS.map((count) => `${count}_count integer not null default 0`).join(',\n     ')},
     error ${text},
     duplicate_of ${reference} references stage_batch (id),
     archived_path ${text},
     attempts integer not null default 0,
     deleted_at ${text},
     approved_at ${text},
     rejected_at ${text},
     retried_at ${text})`,

  // One content is on its way or on record once; a second is a Duplicate.
  `create unique index stage_batch_live_content on stage_batch (file_hash)
     where batch_status in ('In Progress', 'Ready', 'Held', 'Complete')`,
  `create index stage_batch_content on stage_batch (file_hash)`,
  // Recovery looks for what is not done.
  `create index stage_batch_open on stage_batch (batch_status) where claim is not null`,

  `create table stage_record (
     id ${key},
     batch_id ${reference} not null references stage_batch (id),
     sheet ${text},
     row_number integer not null,
     effective_date ${date},
     client_account ${text},
     external_reference ${text},
     company_name ${text},
     amount ${amount},
     term ${text},
     insert_date ${text} not null,
     process_status ${text} not null check (${oneOf('process_status', ['Unprocessed', 'Processed', 'Failed'])}),
     process_action ${text} not null
       check (${oneOf('process_action', ['N/A', 'Add', 'Append', 'Unchanged', 'Merge', 'Replace'])}),
     error ${text},
     error_column ${text},
     conflict_batch_id ${reference} references stage_batch (id),
     raw_cells ${text},
     is_deleted boolean not null default false,
     deleted_at ${text})`,
  `create index stage_record_batch on stage_record (batch_id)`,
  // What other files had said because of a batch is asked when it is deleted.
  `create index stage_record_conflict on stage_record (conflict_batch_id) where conflict_batch_id is not null`,
  // The observations of an account's date in the order of its items: admission and derivation read along it.
  `create index stage_record_item on stage_record (client_account, effective_date, external_reference)`,

  `create table batch_account (
     batch_id ${reference} not null references stage_batch (id),
     client_account_id ${reference} not null references client_account (id),
     applied_seq ${reference} unique,
     applied_at ${text},
     removed_seq ${reference} unique,
     removed_at ${text},
     primary key (batch_id, client_account_id),
     check (removed_seq is null or applied_seq is null or removed_seq > applied_seq)) ${keyedOnly}`,
  `create index batch_account_account on batch_account (client_account_id)`,

  `create table batch_date (
     client_account_id ${reference} not null references client_account (id),
     effective_date ${date} not null,
     batch_id ${reference} not null references stage_batch (id),
     accepted_count integer not null,
     primary key (client_account_id, effective_date, batch_id)) ${keyedOnly}`,
  `create index batch_date_batch on batch_date (batch_id)`,

  `create table master_record (
     id ${key},
     client_account_id ${reference} not null references client_account (id),
     external_reference ${text} not null,
     company_name ${text},
     amount ${amount},
     term ${text},
     from_date ${date} not null,
     to_date ${date},
     last_updated ${text} not null,
     is_deleted boolean not null default false,
     is_placeholder boolean not null default false,
     is_missing boolean not null default false,
     batch_id ${reference} not null references stage_batch (id),
     check (to_date is null or from_date < to_date),
     check (not (is_placeholder and is_missing)))`,
  `create unique index master_record_start on master_record (client_account_id, external_reference, from_date)
     where not is_deleted`,
  `create unique index master_record_current on master_record (client_account_id, external_reference)
     where not is_deleted and to_date is null`,
  // The closed versions that reach into a window: a late file finds them without reading the whole history.
  `create index master_record_end on master_record (client_account_id, to_date)
     where not is_deleted and to_date is not null`,

  `create table account_policy (
     client_account_id ${reference} not null references client_account (id),
     seq ${reference} not null unique,
     policy_id ${reference} not null references policy (id),
     applied_at ${text} not null,
     primary key (client_account_id, seq)) ${keyedOnly}`,
  `create table change_counter (id integer primary key check (id = 1), last_seq ${reference} not null, last_at ${text} not null)`,
  `insert into change_counter values (1, 0, '1970-01-01T00:00:00.000Z')`,
  `create table node_status (
     name ${text} primary key, pid integer not null, inbox ${text} not null, started_at ${text} not null,
     scanned_at ${text} not null, progressed_at ${text} not null, scan_seconds integer not null,
     outcomes integer not null)`,
  ...behindTables,
];
