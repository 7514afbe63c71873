/** Admission: which rows of a file are accepted, and whether the file as a whole is. */

import { dayOf, isMoreThan } from './days.js';
import type { Entry } from './record.js';
import type { ModelPolicy, ModelRow, RowName } from './types.js';

/** What admission says of one row. */
export interface Judgement {
  readonly row: ModelRow;
  readonly accepted: boolean;
  /** Accepted, and equal to an observation on record or accepted above. */
  readonly repeated: boolean;
  /** The observation it failed against; of several equal ones the first admitted. */
  readonly contradicts: RowName | null;
}

/** Who a row is about, and when. */
export interface Identity {
  readonly account: string;
  readonly reference: string;
  readonly date: number;
}

/** Judges the rows of a batch, in order, against the observations on record and those accepted above. */
export function judge(batchId: number, rows: readonly ModelRow[], entries: readonly Entry[]): Judgement[] {
  const judgements: Judgement[] = [];
  for (const row of rows) {
    const above = judgements.filter((judgement) => judgement.accepted);
    judgements.push(row.unreadable ? unreadable(row) : judgeReadable(batchId, row, entries, above));
  }
  return judgements;
}

/** Whether a batch judged so ends in Error. */
export function isRefused(judgements: readonly Judgement[], policy: ModelPolicy): boolean {
  const failed = judgements.filter((judgement) => !judgement.accepted).length;
  const noGoodRow = failed === judgements.length;
  return noGoodRow || isMoreThan(failed, judgements.length, policy.maxFailureRatio);
}

/** The item and day of a row, null unless account, reference and date are all known. */
export function identityOf({ account, reference, date }: ModelRow): Identity | null {
  if (account === null || reference === null || date === null) return null;
  return { account, reference, date: dayOf(date) };
}

function unreadable(row: ModelRow): Judgement {
  return { row, accepted: false, repeated: false, contradicts: null };
}

function judgeReadable(
  batchId: number,
  row: ModelRow,
  entries: readonly Entry[],
  above: readonly Judgement[],
): Judgement {
  const first = firstOnRecord(row, entries) ?? firstAbove(batchId, row, above);
  if (!first) return { row, accepted: true, repeated: false, contradicts: null };
  const { stands, name } = first;
  const same = stands.amount === row.amount && stands.term === row.term && stands.company === row.company;
  return { row, accepted: same, repeated: same, contradicts: same ? null : name };
}

/** What stands of a row's item and date, and where. */
interface First {
  readonly stands: { readonly amount: number | null; readonly term: string; readonly company: string };
  readonly name: RowName;
}

function firstOnRecord(row: ModelRow, entries: readonly Entry[]): First | undefined {
  const [stands] = entries
    .filter((entry) => entry.standing === 'observed' && isAbout(row, entry))
    .sort((a, b) => a.admission - b.admission || a.row - b.row);
  return stands && { stands, name: { batchId: stands.batchId, row: stands.row } };
}

function firstAbove(batchId: number, row: ModelRow, above: readonly Judgement[]): First | undefined {
  const stands = above.map((judgement) => judgement.row).find((other) => isAbout(row, knownIdentityOf(other)));
  return stands && { stands, name: { batchId, row: stands.row } };
}

function isAbout(row: ModelRow, other: Identity): boolean {
  const { account, reference, date } = knownIdentityOf(row);
  return account === other.account && reference === other.reference && date === other.date;
}

/** The identity of a row that could be read. Throws where it is not known: no such row can come out of a file. */
function knownIdentityOf(row: ModelRow): Identity {
  const identity = identityOf(row);
  if (!identity) throw new Error(`row ${row.row} is readable and yet lacks its date, account or reference`);
  return identity;
}
