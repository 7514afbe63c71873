import type { MigrationInterface, QueryRunner } from 'typeorm';
import { POSTGRES, SQLITE, type SchemaWords } from '../dialect.js';

/** Several nodes on one database: who works on a batch, and for how long each is believed to be there. */
export class Nodes1700000000002 implements MigrationInterface {
  readonly name = 'Nodes1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    const { schema } = runner.connection.options.type === 'postgres' ? POSTGRES : SQLITE;
    for (const statement of statements(schema)) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('the schema of several nodes cannot be taken back: batches would lose their owners');
  }
}

const statements = ({ reference, text }: SchemaWords): string[] => [
  `alter table stage_batch add column owner ${text}`,
  `alter table node_status add column epoch ${reference} not null default 0`,
  `alter table node_status add column lease_until ${reference} not null default 0`,
  `alter table node_status add column policy_id ${reference} references policy (id)`,
];
