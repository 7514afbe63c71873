import { loadSettings } from '../config/load.js';
import { counted } from '../counted.js';
import { IngestError } from '../errors.js';
import { checkHistory, type Checked } from '../ingest/check.js';
import type { Finding } from '../ingest/finding.js';
import { Repairs } from '../ingest/repair.js';
import { openReader } from '../store/database.js';
import { rehearse } from '../store/rehearsal.js';
import { print, printJson, withDatabase, type AddCommand } from './command.js';

/** `check`: whether the history is sound, and its repair. */
export const addCheck: AddCommand = (program) => {
  program.command('check')
    .description('check the chains of an account, or of all, and what the batches say of their rows')
    .argument('[account]', 'the client account')
    .option('--repair', 'show what would be rewritten so that chains, marks and totals are what the observations say')
    .option('--yes', 'with --repair: rewrite it')
    .option('--replay', 'also derive anew what every row and batch did when it was applied (slow: once for each batch)')
    .option('--json', 'print JSON')
    .addHelpText('after', `
Named are: overlaps, gaps, none or several open versions, versions that are not what the observations derive, rows that
are lost or wrongly marked, totals that do not add up and, where the setting maxPeriodDays says so, long periods.
It may run beside the daemon.

Exit status: 0 nothing was found (or all of it was mended), 1 there are findings, 2 bad usage or settings.

Examples:
  scd-inbox check
  scd-inbox check CL-009 --json
  scd-inbox check --repair
  scd-inbox check --repair --yes`)
    .action(async (account: string | undefined, options: CheckOptions) => {
      if (options.yes && !options.repair) throw new IngestError('usage', '--yes: expected together with --repair');
      const findings = new Findings(options.json);
      const repairs = new Repairs(options.replay);
      const checked = await look(account, options, (finding) => {
        findings.add(finding);
        if (options.repair) repairs.add(finding);
      });
      if (!options.repair || findings.count === 0) return findings.end(checked, {});
      if (!options.yes) return findings.end(checked, { proposed: await withDatabase(async (database) => rehearse(database, async (store) => repairs.carryOut(store))) });
      const repaired = await withDatabase(async (database) => repairs.carryOut(database));
      const left: Finding[] = [];
      await look(account, options, (finding) => left.push(finding));
      findings.end(checked, { repaired, left });
    });
};

interface CheckOptions {
  readonly repair?: true;
  readonly yes?: true;
  readonly replay?: true;
  readonly json?: true;
}

async function look(account: string | undefined, { replay }: CheckOptions, report: (finding: Finding) => void): Promise<Checked> {
  const { database, maxPeriodDays } = loadSettings();
  const reader = await openReader(database);
  try {
    return await checkHistory(reader, { account, maxPeriodDays: maxPeriodDays === 'none' ? null : maxPeriodDays, isReplayAsked: replay, report });
  } finally {
    await reader.close();
  }
}

/** Prints findings as they come: there may be as many as there are versions. */
class Findings {
  count = 0;

  constructor(private readonly json: true | undefined) {}

  add(finding: Finding): void {
    if (this.json) print(`${this.count === 0 ? '{ "findings": [' : ','}\n${JSON.stringify(finding)}`);
    else print(finding.message);
    this.count += 1;
    // At once: whoever reads the first lines only still learns it.
    process.exitCode = 1;
  }

  /** Says what came of it. */
  end({ accounts, versions, batches }: Checked, { proposed, repaired, left }: Repaired): void {
    const isMended = left?.length === 0;
    if (isMended) process.exitCode = 0;
    if (this.json) return this.endJson({ accounts, versions, batches, ...(proposed && { proposed }), ...(repaired && { repaired, left }) });
    const scope = [counted(accounts, 'account'), counted(versions, 'version'), counted(batches, 'batch', 'batches')].join(', ');
    if (this.count === 0) return print(`nothing found: ${scope}`);
    print(`\n${counted(this.count, 'finding')} in ${scope}`);
    if (proposed !== undefined) print(['a repair would do this:', ...listed(proposed), 'nothing is changed yet: scd-inbox check --repair --yes does it'].join('\n'));
    else if (repaired === undefined) print('scd-inbox check --repair shows what it would rewrite');
    else print(['repaired:', ...listed(repaired), ...isMended ? ['all is well now'] : ['left:', ...listed(left!.map(({ message }) => message))]].join('\n'));
  }

  private endJson(rest: object): void {
    if (this.count === 0) printJson({ findings: [], ...rest });
    else print(`], ${JSON.stringify(rest).slice(1)}`);
  }
}

function listed(lines: readonly string[]): string[] {
  return lines.length === 0 ? ['  nothing'] : lines.map((line) => `  ${line}`);
}

interface Repaired {
  readonly proposed?: readonly string[];
  readonly repaired?: readonly string[];
  readonly left?: readonly Finding[];
}
