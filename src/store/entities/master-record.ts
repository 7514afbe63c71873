import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A version: an item's values over the half-open period [from_date, to_date); null is the open end. */
@Entity({ name: 'master_record' })
export class MasterRecord {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  client_account_id!: number;

  @Column({ type: 'text' })
  external_reference!: string;

  @Column({ type: 'text', nullable: true })
  company_name!: string | null;

  @Column({ type: 'decimal', precision: 19, scale: 4, nullable: true })
  amount!: number | null;

  @Column({ type: 'text', nullable: true })
  term!: string | null;

  @Column({ type: 'text' })
  from_date!: string;

  @Column({ type: 'text', nullable: true })
  to_date!: string | null;

  @Column({ type: 'text' })
  last_updated!: string;

  @Column({ type: 'boolean', default: false })
  is_deleted!: boolean;

  @Column({ type: 'boolean', default: false })
  is_placeholder!: boolean;

  @Column({ type: 'boolean', default: false })
  is_missing!: boolean;

  @Column({ type: 'integer' })
  batch_id!: number;
}
