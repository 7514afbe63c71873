import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export type BatchStatus = 'In Progress' | 'Ready' | 'Held' | 'Complete' | 'Error' | 'Duplicate' | 'Deleted';

/** One dropped file and what became of it. */
@Entity({ name: 'stage_batch' })
export class StageBatch {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  /** As it was called in the inbox. */
  @Column({ type: 'text' })
  filename!: string;

  /** SHA-256 of its bytes, hexadecimal; null where they could not be read. */
  @Column({ type: 'text', nullable: true })
  file_hash!: string | null;

  @Column({ type: 'text' })
  batch_status!: BatchStatus;

  /**
   * The claim, until its file is archived. The file's folder below `.processing` has its name, behind `NODE~` where there
   * are several nodes; a file that is retried lies in the archive.
   */
  @Column({ type: 'text', nullable: true })
  claim!: string | null;

  /** The node that works on it, or that archived its file; null where there is only one. */
  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  start_date!: string;

  @Column({ type: 'text', nullable: true })
  end_date!: string | null;

  /** The place of its admission in the order of all changes; "first-admitted" goes by it. */
  @Column({ type: 'integer', nullable: true })
  admitted_seq!: number | null;

  @Column({ type: 'text', nullable: true })
  sheet!: string | null;

  @Column({ type: 'integer', default: 0 }) total_count!: number;
  @Column({ type: 'integer', default: 0 }) success_count!: number;
  @Column({ type: 'integer', default: 0 }) failure_count!: number;
  @Column({ type: 'integer', default: 0 }) repeated_count!: number;
  @Column({ type: 'integer', default: 0 }) add_count!: number;
  @Column({ type: 'integer', default: 0 }) append_count!: number;
  @Column({ type: 'integer', default: 0 }) unchanged_count!: number;
  @Column({ type: 'integer', default: 0 }) merge_count!: number;
  @Column({ type: 'integer', default: 0 }) replace_count!: number;
  @Column({ type: 'integer', default: 0 }) zeroed_count!: number;
  @Column({ type: 'integer', default: 0 }) placeholder_inserted_count!: number;
  @Column({ type: 'integer', default: 0 }) placeholder_replaced_count!: number;

  /** Why it ended in Error or Duplicate, is Held, or does not go on: a sentence for people. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;

  /** The batch of the same bytes that a Duplicate names. */
  @Column({ type: 'integer', nullable: true })
  duplicate_of!: number | null;

  @Column({ type: 'text', nullable: true })
  archived_path!: string | null;

  /** How often it was begun to read it or to go on with it; committed before that begins. */
  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ type: 'text', nullable: true })
  deleted_at!: string | null;

  /** When somebody decided that the guard does not hold it back; holds for later tries of the batch, too. */
  @Column({ type: 'text', nullable: true })
  approved_at!: string | null;

  /** When somebody decided that it is not to be loaded. */
  @Column({ type: 'text', nullable: true })
  rejected_at!: string | null;

  /** When it was last begun anew. */
  @Column({ type: 'text', nullable: true })
  retried_at!: string | null;
}
