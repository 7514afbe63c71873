import { Column, Entity, PrimaryColumn } from 'typeorm';

/** For which accounts a batch counts, since when, and until when. */
@Entity({ name: 'batch_account' })
export class BatchAccount {
  @PrimaryColumn({ type: 'integer' })
  batch_id!: number;

  @PrimaryColumn({ type: 'integer' })
  client_account_id!: number;

  /** The place of the change in the order of all changes, and its instant; null until it was made. */
  @Column({ type: 'integer', nullable: true })
  applied_seq!: number | null;

  @Column({ type: 'text', nullable: true })
  applied_at!: string | null;

  @Column({ type: 'integer', nullable: true })
  removed_seq!: number | null;

  @Column({ type: 'text', nullable: true })
  removed_at!: string | null;
}
