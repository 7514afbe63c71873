import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export type ProcessStatus = 'Unprocessed' | 'Processed' | 'Failed';
export type ProcessAction = 'N/A' | 'Add' | 'Append' | 'Unchanged' | 'Merge' | 'Replace';

/** One row of a workbook: an observation once it is admitted. The observation log: what was admitted is never removed. */
@Entity({ name: 'stage_record' })
export class StageRecord {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  batch_id!: number;

  @Column({ type: 'text', nullable: true })
  sheet!: string | null;

  @Column({ type: 'integer' })
  row_number!: number;

  @Column({ type: 'text', nullable: true })
  effective_date!: string | null;

  @Column({ type: 'text', nullable: true })
  client_account!: string | null;

  @Column({ type: 'text', nullable: true })
  external_reference!: string | null;

  @Column({ type: 'text', nullable: true })
  company_name!: string | null;

  @Column({ type: 'decimal', precision: 19, scale: 4, nullable: true })
  amount!: number | null;

  @Column({ type: 'text', nullable: true })
  term!: string | null;

  @Column({ type: 'text' })
  insert_date!: string;

  @Column({ type: 'text' })
  process_status!: ProcessStatus;

  @Column({ type: 'text' })
  process_action!: ProcessAction;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ type: 'text', nullable: true })
  error_column!: string | null;

  /** The batch that it contradicts: its own where a row above says otherwise; null where the row could not be read. */
  @Column({ type: 'integer', nullable: true })
  conflict_batch_id!: number | null;

  /** The cells of a failed row as they were, JSON, in the template's order. */
  @Column({ type: 'text', nullable: true })
  raw_cells!: string | null;

  @Column({ type: 'boolean', default: false })
  is_deleted!: boolean;

  @Column({ type: 'text', nullable: true })
  deleted_at!: string | null;
}
