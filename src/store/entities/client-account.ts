import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Who submits. Every chain belongs to one account, and an account's chains change in one transaction at a time. */
@Entity({ name: 'client_account' })
export class ClientAccount {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text', unique: true })
  account_number!: string;

  /** The policy its chains were last derived by; null until the first batch is applied. */
  @Column({ type: 'integer', nullable: true })
  policy_id!: number | null;

  @Column({ type: 'text' })
  last_updated!: string;
}
