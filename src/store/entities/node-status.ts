import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a daemon says of itself, for `health`. */
@Entity({ name: 'node_status' })
export class NodeStatus {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  @Column({ type: 'integer' })
  pid!: number;

  @Column({ type: 'text' })
  inbox!: string;

  @Column({ type: 'text' })
  started_at!: string;

  /** When the inbox was last looked through. */
  @Column({ type: 'text' })
  scanned_at!: string;

  /** When a file last moved on, or there was none to move. */
  @Column({ type: 'text' })
  progressed_at!: string;

  @Column({ type: 'integer' })
  scan_seconds!: number;

  /** How many files have ended since it started. */
  @Column({ type: 'integer' })
  outcomes!: number;

  /** Raised whenever the node starts, and by whoever takes over from it: what it writes under an earlier one is refused. */
  @Column({ type: 'integer', default: 0 })
  epoch!: number;

  /** Until when it is believed to be there: milliseconds since 1970 by the database's clock. */
  @Column({ type: 'integer', default: 0 })
  lease_until!: number;

  /** The policy that it works by; null before it has adopted one. */
  @Column({ type: 'integer', nullable: true })
  policy_id!: number | null;
}
