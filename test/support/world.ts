import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.js';
import { settingsSchema, type Settings } from '../../src/config/settings.js';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { admitBatch, type ReadCounts } from '../../src/ingest/admit.js';
import { adoptPolicy } from '../../src/ingest/adopt-policy.js';
import { applyBatch } from '../../src/ingest/apply.js';
import { decideInOne } from '../../src/ingest/at-once.js';
import { approveBatch, rejectBatch, retryBatch } from '../../src/ingest/decide.js';
import { openBatch } from '../../src/ingest/open.js';
import { rejectHeld } from '../../src/ingest/refuse.js';
import { Names, type Named } from '../../src/named.js';
import { countAttempt, markArchived } from '../../src/store/batches.js';
import { Database } from '../../src/store/database.js';
import type { StageBatch } from '../../src/store/entities/stage-batch.js';
import type { PolicyInForce } from '../../src/store/policies.js';
import { stageRows } from '../../src/store/records.js';
import { SQLITE, type Engine } from './engines.js';
import type { ModelChain, ModelFile, ModelPolicy, ModelRow } from '../model/types.js';

/** The default settings. */
export function defaults(): Settings {
  return settingsSchema.parse(parse(readFileSync(new URL('../../config/default.yaml', import.meta.url), 'utf8'), { schema: 'core' }));
}

/** The settings of a model's policy. */
export function settingsOf(policy: ModelPolicy): Settings {
  const days = (value: number | null): number | 'none' => value ?? 'none';
  return {
    ...defaults(),
    validityDays: days(policy.validityDays),
    accountValidityDays: Object.fromEntries(Object.entries(policy.accountValidityDays).map(([account, value]) => [account, days(value)])),
    missingItems: policy.missingItems,
    placeholderReplaceCoverage: policy.placeholderReplaceCoverage,
    maxFailureRatio: policy.maxFailureRatio,
    maxMissingRatio: policy.maxMissingRatio ?? 'none',
  };
}

/** A real database of its own, and files that are staged without a workbook around them. */
export class World {
  /** What was staged, by batch: the count that a reader would hand over. */
  private readonly files = new Map<number, ModelFile>();
  private readonly read = new Map<number, ReadCounts>();

  /** How batches are applied: as the daemon does it, at once and by appending where it can, or account by account by deriving. */
  way: 'fast' | 'derive' = 'fast';

  private constructor(
    private readonly engine: Engine, readonly folder: string, readonly url: string, readonly database: Database,
    public settings: Settings, public policy: PolicyInForce,
  ) {}

  static async open(policy: ModelPolicy, clock?: Clock, engine: Engine = SQLITE): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'scd-world-'));
    const url = await engine.create();
    const database = await Database.open(url, clock);
    const settings = settingsOf(policy);
    return new World(engine, folder, url, database, settings, (await adoptPolicy(database, settings)).policy);
  }

  async setPolicy(policy: ModelPolicy): Promise<void> {
    this.settings = settingsOf(policy);
    this.policy = (await adoptPolicy(this.database, this.settings)).policy;
  }

  /** Takes a file in, all the way. Returns its batch. */
  async drop(file: ModelFile): Promise<number> {
    const { id, batch_status: status } = await this.stage(file);
    if (status === 'In Progress') await this.finish(id);
    return id;
  }

  /** Claims and stages a file: many at once are welcome. */
  async stage(file: ModelFile): Promise<StageBatch> {
    const hash = createHash('sha256').update(JSON.stringify(file.rows)).digest('hex');
    const claim = `${file.name}-${Math.random()}`;
    const opened = await this.database.write(async (tx) => openBatch(tx, { filename: file.name, hash, claim }));
    this.files.set(opened.id, file);
    if (opened.batch_status === 'Duplicate') await this.database.write(async (tx) => markArchived(tx, opened.id, null));
    else await this.stageRows(opened.id, file);
    return opened;
  }

  private async stageRows(id: number, file: ModelFile): Promise<void> {
    this.read.set(id, { sheet: 'Sheet1', rows: file.rows.length, failed: file.rows.filter(({ unreadable }) => unreadable).length, named: namedIn(file.rows) });
    await this.database.write(async (tx) => {
      await countAttempt(tx, id);
      await stageRows(tx, id, { sheet: 'Sheet1', json: JSON.stringify(file.rows.map(stagedRow)), failed: this.read.get(id)!.failed });
    });
  }

  /** Admits and applies a staged batch, if it is not held back. */
  async finish(id: number): Promise<void> {
    const decided = this.way === 'fast' ? await this.database.write(async (tx) => decideInOne(tx, id, this.read.get(id)!, { settings: this.settings, policy: this.policy })) : undefined;
    const verdict = decided?.batch_status ?? await this.admit(id);
    if (verdict === 'Ready') await this.apply(id);
    if (verdict !== 'Held') await this.database.write(async (tx) => markArchived(tx, id, null));
  }

  /** Begins a batch in Error anew; its file lies in the archive. */
  async retry(id: number): Promise<void> {
    const path = join(this.folder, `archived-${id}`);
    await writeFile(path, JSON.stringify(this.files.get(id)!.rows));
    await this.database.write(async (tx) => markArchived(tx, id, path));
    await retryBatch(this.database, id);
    await this.stageRows(id, this.files.get(id)!);
    await this.finish(id);
  }

  /** Loads a batch that is held back. */
  async approve(id: number): Promise<void> {
    await approveBatch(this.database, id);
    await this.finish(id);
  }

  /** Refuses a batch that is held back. */
  async reject(id: number): Promise<void> {
    const batch = await rejectBatch(this.database, id);
    await this.database.write(async (tx) => rejectHeld(tx, batch));
    await this.database.write(async (tx) => markArchived(tx, id, null));
  }

  /** Admits a staged batch. */
  async admit(id: number): Promise<string> {
    return this.database.write(async (tx) => admitBatch(tx, id, this.read.get(id)!, this.settings));
  }

  /** Applies an admitted batch. */
  async apply(id: number): Promise<void> {
    await applyBatch(this.database, id, this.policy, this.way);
  }

  /** How many batches there are. */
  async batches(): Promise<number> {
    return (await this.database.reader.rows('select 1 from stage_batch')).length;
  }

  /** Every chain, as the model gives them. */
  async chains(): Promise<ModelChain[]> {
    const rows = await this.database.reader.rows<Record<string, never>>(
      `select a.account_number as account, m.external_reference as reference, m.* from master_record m
       join client_account a on a.id = m.client_account_id where not m.is_deleted
       order by a.account_number, m.external_reference, m.from_date`);
    const chains = new Map<string, { account: string; reference: string; versions: object[] }>();
    for (const row of rows) {
      const key = JSON.stringify([row['account'], row['reference']]);
      const chain = chains.get(key) ?? { account: row['account']!, reference: row['reference']!, versions: [] };
      chains.set(key, chain);
      chain.versions.push({
        from: row['from_date'], to: row['to_date'], amount: row['amount'], term: row['term'], company: row['company_name'],
        isPlaceholder: Boolean(row['is_placeholder']), isMissing: Boolean(row['is_missing']),
      });
    }
    return [...chains.values()] as unknown as ModelChain[];
  }

  /** Each live version's batch, by item and start. */
  async versionBatches(): Promise<Record<string, number>> {
    const rows = await this.database.reader.rows<{ item: string; batch_id: number }>(
      `select a.account_number || '/' || m.external_reference || '/' || m.from_date as item, m.batch_id from master_record m
       join client_account a on a.id = m.client_account_id where not m.is_deleted order by 1`);
    return Object.fromEntries(rows.map(({ item, batch_id }) => [item, batch_id]));
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.engine.remove(this.url);
    await rm(this.folder, { recursive: true });
  }
}

/** The worlds of a test file on one engine: `close` closes them all, after each run of a property or behind the tests. */
export class Worlds {
  private readonly opened = new Set<World>();

  constructor(private readonly engine: Engine) {}

  readonly open = async (policy: ModelPolicy, clock?: Clock): Promise<World> => {
    const world = await World.open(policy, clock, this.engine);
    this.opened.add(world);
    return world;
  };

  readonly close = async (): Promise<void> => {
    const worlds = [...this.opened];
    this.opened.clear();
    await Promise.all(worlds.map(async (world) => world.close()));
  };
}

/** A row as a reader gives it out. */
export function stagedRow(row: ModelRow): unknown[] {
  const error = row.unreadable ? `sheet "Sheet1" row ${row.row}, Amount: expected a number, found "n/a"; row not loaded` : null;
  return [
    row.row, row.date, row.account, row.reference, row.company, row.unreadable ? null : row.amount, row.term,
    error, row.unreadable ? 'Amount' : null, row.unreadable ? '[]' : null,
  ];
}

/** What rows name, as their reader counts it. */
export function namedIn(rows: readonly ModelRow[]): Named[] {
  const names = new Names();
  for (const { account, date, reference, unreadable } of rows) names.add([{ account, date, total: 1, failed: Number(unreadable), items: Number(reference !== null) }]);
  return names.all();
}
