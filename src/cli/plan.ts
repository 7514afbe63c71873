import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isPostgres, sqliteTarget } from '../config/database-url.js';
import { loadSettings } from '../config/load.js';
import type { Settings } from '../config/settings.js';
import { counted } from '../counted.js';
import { printable } from '../errors.js';
import type { Version } from '../history/chain.js';
import { dateOf } from '../history/day.js';
import { drawChain, type DrawnVersion } from '../history/draw.js';
import type { ChangedChain } from '../ingest/foresee.js';
import { verdictText } from '../ingest/outcome.js';
import { planFiles, type Plan, type PlannedFile } from '../ingest/plan.js';
import { createLog } from '../log.js';
import { Database } from '../store/database.js';
import type { ProcessAction } from '../store/entities/stage-record.js';
import type { AccountActions } from '../store/questions.js';
import { TRACKED, UNTRACKED } from '../template.js';
import { WorkbookReader } from '../workbook/reader.js';
import { countArgument } from './arguments.js';
import { print, printJson, type AddCommand } from './command.js';
import { table } from './output/text.js';

/** `plan`: what would happen if files were dropped. */
export const addPlan: AddCommand = (program) => {
  program.command('plan')
    .description('say what would become of workbooks and of the history if they were dropped now, and write nothing')
    .argument('<files...>', 'workbooks, in the order in which they would come')
    .option('--limit <number>', 'how many row errors, items and chains to show', '20')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nThe files are taken in for real, in a transaction that is taken back: the counts are those of the run that follows. '
      + 'It may run\nbeside the daemon, which waits meanwhile: seconds for a file of a hundred thousand rows.'
      + '\n\nExit status: that of process: 0 all would end Complete or Duplicate, 1 any in Error, 2 bad usage or settings, 3 any would be Held.'
      + '\n\nExamples:\n  scd-inbox plan 0228_Feb.xlsx\n  scd-inbox plan 0228_Feb.xlsx 0328_March.xlsx --limit 5')
    .action(async (paths: string[], options: { limit: string; json?: true }) => {
      const limit = countArgument('--limit', options.limit);
      const plan = await inDatabase(loadSettings(), async (settings, database) => planned(settings, database, paths, limit));
      if (options.json) printJson(jsonOf(plan));
      else print(textOf(plan, limit));
      process.exitCode = exitCodeOf(plan);
    });
};

async function planned(settings: Settings, database: Database, paths: readonly string[], limit: number): Promise<Plan> {
  const reader = new WorkbookReader({ threads: 1, heapMiB: settings.limits.workerHeapMiB });
  const log = createLog({ ...settings.log, level: 'error' });
  try {
    return await planFiles({ settings, database, reader, log }, paths, limit);
  } finally {
    await reader.close();
    await log.close();
  }
}

/** Before the first file there is no database: then an empty one stands in for it. */
async function inDatabase<T>(settings: Settings, work: (settings: Settings, database: Database) => Promise<T>): Promise<T> {
  const isMissing = !isPostgres(settings.database) && !existsSync(resolve(sqliteTarget(settings.database).path));
  const scratch = isMissing ? await mkdtemp(join(tmpdir(), 'scd-plan-')) : undefined;
  const database = await Database.open(scratch === undefined ? settings.database : `sqlite:${join(scratch, 'empty.db')}`);
  try {
    return await work(settings, database);
  } finally {
    await database.close();
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}

function exitCodeOf({ files }: Plan): number {
  const statuses = files.map(({ batch }) => batch.batch_status);
  return statuses.includes('Error') ? 1 : statuses.includes('Held') ? 3 : 0;
}

function textOf(plan: Plan, limit: number): string {
  const policy = plan.rederived === 0 ? [] : [`the settings have another policy than the database: the chains of ${counted(plan.rederived, 'account')} would be derived anew first`];
  return [
    ...policy,
    ...plan.files.map((file) => fileText(file, limit)),
    ...listText('items that would become zero', plan.zeroed, limit, (item) => `${itemText(item)} from ${dateOf(item.version.from)}`),
    ...listText('silences that would get a placeholder', plan.placeholders, limit, (item) => `${itemText(item)} ${dateOf(item.version.from)} to ${dateOf(item.version.to!)}`),
    plan.changed === 0 ? 'no chain would change' : `${counted(plan.changed, 'chain')} would change${plan.changed > plan.chains.length ? `, the first ${plan.chains.length}` : ''}:`,
    ...plan.chains.map(chainText),
  ].join('\n');
}

function fileText({ batch, failed, actions }: PlannedFile, limit: number): string {
  const head = `${printable(batch.filename)} would be ${batch.batch_status}: ${verdictText(batch)}`;
  const accounts = batch.batch_status === 'Complete' ? accountRows(actions) : [];
  const counts = accounts.length === 0 ? [] : [indented(table(['account', ...COUNTED, 'failed'], accounts.slice(0, limit))), ...moreText(accounts.length, limit)];
  return [head, ...failed.slice(0, limit).map(({ error }) => `  ${error}`), ...moreText(failed.length, limit), ...counts].join('\n');
}

const ACTIONS: readonly ProcessAction[] = ['Add', 'Append', 'Replace', 'Merge', 'Unchanged'];
const COUNTED = ['added', 'appended', 'replaced', 'merged', 'unchanged'];

/** What the rows of a file would do, a line for each account. */
function accountRows(actions: readonly AccountActions[]): (string | number | null)[][] {
  return [...new Set(actions.map(({ account }) => account))].map((account) => {
    const own = actions.filter((action) => action.account === account);
    const rows = (of: readonly AccountActions[]): number => of.reduce((total, action) => total + Number(action.rows), 0);
    return [
      account === null ? '(unknown)' : printable(account), ...ACTIONS.map((action) => rows(own.filter((each) => each.action === action))),
      rows(own.filter(({ status }) => status === 'Failed')),
    ];
  });
}

function indented(text: string): string {
  return text.split('\n').map((line) => `  ${line}`).join('\n');
}

function listText<T>(what: string, items: readonly T[], limit: number, text: (item: T) => string): string[] {
  if (items.length === 0) return [];
  return [`${what} (${items.length}):`, ...items.slice(0, limit).map((item) => `  ${text(item)}`), ...moreText(items.length, limit)];
}

function moreText(count: number, limit: number): string[] {
  return count > limit ? [`  … and ${count - limit} more`] : [];
}

function itemText({ account, reference }: { readonly account: string; readonly reference: string }): string {
  return printable(`${account} / ${reference}`);
}

function chainText(chain: ChangedChain): string {
  const title = `${itemText(chain)}  ${printable((chain.after[chain.after.length - 1]?.untracked ?? []).join('  '))}`;
  return `\n${[title, part('before', chain.before), part('after', chain.after)].join('\n')}`;
}

function part(title: string, versions: readonly Version[]): string {
  return versions.length === 0 ? `${title}: nothing` : drawChain(title, versions.map(drawn));
}

function drawn(version: Version): DrawnVersion {
  return { ...version, from: dateOf(version.from), to: version.to === null ? null : dateOf(version.to) };
}

function jsonOf({ files, rederived, changed, chains, zeroed, placeholders }: Plan): object {
  return {
    files: files.map(({ batch, failed, actions }) => ({ ...batch, claim: undefined, actions, failedRows: failed.map(({ id: _, ...row }) => row) })),
    rederivedAccounts: rederived, changedChains: changed,
    zeroed: zeroed.map(({ account, reference, version }) => ({ account, reference, from: dateOf(version.from) })),
    placeholders: placeholders.map(({ account, reference, version }) => ({ account, reference, from: dateOf(version.from), to: dateOf(version.to!) })),
    chains: chains.map(({ before, after, ...item }) => ({ ...item, before: before.map(versionJson), after: after.map(versionJson) })),
  };
}

function versionJson(version: Version): object {
  const { from, to, isPlaceholder, isMissing, batch } = drawn(version) as Version & DrawnVersion;
  const names = [...TRACKED, ...UNTRACKED].map(({ name }) => name);
  const values = [...version.tracked, ...version.untracked];
  return { from, to, ...Object.fromEntries(names.map((name, index) => [name, values[index]])), isPlaceholder, isMissing, batch };
}
