import { checkHistory } from '../../src/ingest/check.js';
import type { Finding } from '../../src/ingest/finding.js';
import { Repairs } from '../../src/ingest/repair.js';
import { openReader } from '../../src/store/database.js';
import type { World } from './world.js';

/** What a check asks for beside the defaults. */
export interface Asked {
  readonly account?: string;
  readonly maxPeriodDays?: number | null;
  readonly isReplayAsked?: boolean;
}

/** Checks the history of a world. */
export async function check(world: World, { account, maxPeriodDays = null, isReplayAsked = false }: Asked = {}): Promise<Finding[]> {
  const findings: Finding[] = [];
  const reader = await openReader(world.url);
  try {
    await checkHistory(reader, { account, maxPeriodDays, isReplayAsked, report: (finding) => findings.push(finding) });
    return findings;
  } finally {
    await reader.close();
  }
}

/** Repairs whatever a check finds. Returns what was done, in words. */
export async function repair(world: World, asked: Asked = {}): Promise<string[]> {
  const repairs = new Repairs(asked.isReplayAsked);
  for (const finding of await check(world, asked)) repairs.add(finding);
  return repairs.carryOut(world.database);
}

/** Does something to the database that the program would never do. */
export async function damage(world: World, ...statements: readonly string[]): Promise<void> {
  await world.database.write(async (tx) => { for (const statement of statements) await tx.rows(statement); });
}

export type Row = Readonly<Record<string, unknown>>;

const TABLES = [
  ['master_record', 'id'], ['stage_record', 'id'], ['stage_batch', 'id'], ['client_account', 'id'],
  ['batch_date', 'client_account_id, effective_date, batch_id'], ['batch_account', 'batch_id, client_account_id'],
] as const;

/** Every row of the tables that say what happened, by table and key. */
export async function everything(world: World): Promise<Map<string, Row>> {
  const all = new Map<string, Row>();
  for (const [table, key] of TABLES) {
    for (const found of await world.database.reader.rows<Row>(`select * from ${table}`)) {
      all.set(`${table} ${key.split(', ').map((name) => String(found[name])).join(' ')}`, found);
    }
  }
  return all;
}

/** The live versions without what a rewrite may change: ids and time stamps. */
export async function live(world: World): Promise<unknown[]> {
  const rows = await world.database.reader.rows<Row>('select * from master_record where not is_deleted order by client_account_id, external_reference, from_date');
  return rows.map(({ id: _, last_updated: __, ...version }) => version);
}

/** The keys whose rows are not the same, or only on one side. */
export function keysThatDiffer(one: Map<string, Row>, other: Map<string, Row>): Set<string> {
  return new Set([...one.keys(), ...other.keys()].filter((key) => JSON.stringify(one.get(key)) !== JSON.stringify(other.get(key))));
}
