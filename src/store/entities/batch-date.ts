import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An account and effective date that a batch names. It is a submission where at least one of the rows was accepted. */
@Entity({ name: 'batch_date' })
export class BatchDate {
  @PrimaryColumn({ type: 'integer' })
  client_account_id!: number;

  @PrimaryColumn({ type: 'text' })
  effective_date!: string;

  @PrimaryColumn({ type: 'integer' })
  batch_id!: number;

  /** How many of the batch's rows were accepted there. */
  @Column({ type: 'integer' })
  accepted_count!: number;
}
