import type { DataSource } from 'typeorm';
import { IngestError } from '../errors.js';
import { openLockFile, sqlitePath } from './sqlite-connection.js';
import { isBusy } from './sqlite.js';

/**
 * The right to take files in for a database. It is an exclusive lock on a file beside the database, which the
 * operating system frees when the process ends, however it ends.
 */
export class InstanceLock {
  private constructor(private readonly source: DataSource) {}

  /** Takes the lock; refuses with `locked` where another process holds it. */
  static async take(url: string): Promise<InstanceLock> {
    const path = sqlitePath(url);
    const source = await openLockFile(`${path}.lock`);
    try {
      await source.query('begin exclusive');
      return new InstanceLock(source);
    } catch (error) {
      await source.destroy();
      if (!isBusy(error)) throw error;
      throw new IngestError('locked', `database ${path}: another scd-inbox already takes in files for it`, { cause: error });
    }
  }

  async release(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}
