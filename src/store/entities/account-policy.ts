import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Since when an account's chains are derived by a policy. */
@Entity({ name: 'account_policy' })
export class AccountPolicy {
  @PrimaryColumn({ type: 'integer' })
  client_account_id!: number;

  @PrimaryColumn({ type: 'integer' })
  seq!: number;

  @Column({ type: 'integer' })
  policy_id!: number;

  @Column({ type: 'text' })
  applied_at!: string;
}
