import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The one counter of the database: the order of all changes. Its instants never run backwards. */
@Entity({ name: 'change_counter' })
export class ChangeCounter {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'integer' })
  last_seq!: number;

  @Column({ type: 'text' })
  last_at!: string;
}
