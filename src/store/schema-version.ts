import type { DataSource } from 'typeorm';
import { IngestError } from '../errors.js';

/** Refuses a database that a later version of this program has changed. `name` is how people call it. */
export async function refuseNewerSchema(source: DataSource, name: string): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    if (!(await runner.hasTable('migrations'))) return;
    const rows = await source.query<{ name: string }[]>('select name from migrations');
    const known = new Set(source.migrations.map((migration) => migration.name));
    const unknown = rows.find((row) => !known.has(row.name));
    if (unknown === undefined) return;
    throw new IngestError('database', `database ${name}: its schema is newer than this program (it has ${unknown.name}); `
      + 'run the version that wrote it, or a later one');
  } finally {
    // SQLite has one runner for all: releasing it there frees nothing and harms nothing.
    await runner.release();
  }
}
