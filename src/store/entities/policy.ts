import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** The policy and template in force from an instant on; the latest row is in force. */
@Entity({ name: 'policy' })
export class PolicyRecord {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  /** JSON: validityDays, accountValidityDays, missingItems, placeholderReplaceCoverage and the template. */
  @Column({ type: 'text' })
  definition!: string;

  @Column({ type: 'text' })
  in_force_since!: string;
}
