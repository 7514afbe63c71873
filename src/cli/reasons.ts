import { dateOf } from '../history/day.js';
import type { Explanation, Silence } from '../history/explain.js';
import { percent } from '../history/fraction.js';
import type { Submission } from '../history/timeline.js';
import type { ExplainedRow, ItemExplanation } from '../ingest/explain.js';
import { TRACKED, type Value } from '../template.js';

/** The sentences that say why a version is there. */
export function reasonsOf(item: ItemExplanation, index: number): string[] {
  const explained = item.versions[index]!;
  const [first, ...further] = rowsAt(item, explained);
  return [
    ...(explained.silence === undefined ? [causeOf(item, index, first)] : silenceOf(item, explained.silence)),
    ...(first?.isObserved === true ? further.filter(({ isObserved }) => isObserved).map((row) => `the same in ${place(row)}`) : []),
    ...confirmations(item, explained),
    ...explained.replaced.map((silence) => replacement(item, silence)),
  ];
}

/** The rows of the item where a version starts: the observations, else those that do not count. */
export function rowsAt(item: ItemExplanation, { version, cause }: Explanation): readonly ExplainedRow[] {
  const rows = cause === 'silent' ? [] : item.rows.get(version.from) ?? [];
  return cause === 'observed' ? rows.filter(({ isObserved }) => isObserved) : rows;
}

function causeOf(item: ItemExplanation, index: number, row: ExplainedRow | undefined): string {
  const { cause, follows, changed, version, submission } = item.versions[index]!;
  if (cause === 'missing') {
    const date = dateOf(version.from);
    return `rule 1: missing from the submission of ${date} (${file(item, submission)}): ${version.isMissing ? zeros(version.tracked) : 'as before'}`;
  }
  if (cause === 'void') return `rule 1: as before the silence; what ${place(row!)} said ${row!.error === null ? 'was deleted' : 'failed'}`;
  if (follows === 'nothing') return `rule 1: first observed in ${place(row!)}`;
  if (follows === 'placeholder') return `rule 2: observed again after the silence in ${place(row!)}`;
  return `rule 2: ${changed.map((value) => change(item, index, value)).join(', ')}: observed in ${place(row!)}`;
}

function change({ versions }: ItemExplanation, index: number, value: number): string {
  const [before, after] = [versions[index - 1]!, versions[index]!].map(({ version }) => shown(version.tracked[value]));
  return `${TRACKED[value]!.heading} from ${before} to ${after}`;
}

function zeros(values: readonly Value[]): string {
  return TRACKED.flatMap(({ heading, whenMissing }, index) => (whenMissing === undefined ? [] : [`${heading} ${shown(values[index])}`])).join(', ');
}

function confirmations({ rows }: ItemExplanation, { confirmed }: Explanation): string[] {
  if (confirmed.length === 0) return [];
  const latest = confirmed[confirmed.length - 1]!;
  const row = rows.get(latest)!.find(({ isObserved }) => isObserved)!;
  const times = confirmed.length === 1 ? 'on' : `${confirmed.length} times, last on`;
  return [`observed again with the same values ${times} ${dateOf(latest)} in ${place(row)}`];
}

/** Rules 3 and 4 of a placeholder that stands, with their arithmetic. */
function silenceOf(item: ItemExplanation, silence: Silence): string[] {
  const { next, end, covered } = silence;
  if (next === undefined || covered === undefined) {
    return [ruleThree(item, silence), `rule 4: nothing is submitted behind ${dateOf(end.date)} yet, so it stands`];
  }
  return [ruleThree(item, silence), `rule 4: ${coverage(item, silence)}, less than ${percent(item.policy.coverage)}, so it stands`];
}

function replacement(item: ItemExplanation, silence: Silence): string {
  return `no placeholder from ${dateOf(silence.from)} to ${dateOf(silence.end.date)}, by rule 4: ${coverage(item, silence)}, at least ${percent(item.policy.coverage)}`;
}

function ruleThree(item: ItemExplanation, { last, from, end }: Silence): string {
  return `rule 3: ${dateOf(last.date)} (${file(item, last)}) holds for ${item.policy.validityDays} days, to ${dateOf(from)}; `
    + `the next submission is of ${dateOf(end.date)} (${file(item, end)})`;
}

function coverage({ policy }: ItemExplanation, { from, end, next, covered }: Silence): string {
  const until = Math.min(next!.date, end.date + policy.validityDays!);
  return `${dateOf(end.date)} covers ${covered!.days} days, to ${dateOf(until)}, of the ${covered!.of} from ${dateOf(from)} to the next submission of ${dateOf(next!.date)}`
    + ` = ${Math.floor((covered!.days * 1000) / covered!.of) / 10} %`;
}

function file({ files }: ItemExplanation, { batch }: Submission): string {
  return `batch ${batch}, ${files.get(batch)!}`;
}

function place({ batch, filename, sheet, row }: ExplainedRow): string {
  return `batch ${batch}, ${filename}, ${sheet === null ? '' : `sheet "${sheet}" `}row ${row}`;
}

function shown(value: Value | undefined): string {
  return value === null || value === undefined ? 'nothing' : String(value);
}
