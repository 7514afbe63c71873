/**
 * The template: what columns a workbook has and what each of them means.
 *
 * It is described here once. Reading, staging, comparing, deriving and exporting follow from this list,
 * so that other templates can become a matter of settings.
 */

/** What a cell of the column is read as (rules: docs/workbooks.md). */
export type ColumnKind = 'date' | 'identifier' | 'name' | 'amount' | 'term';

/**
 * What the column is to the history: the two parts of an item's key, the effective date, a tracked value
 * (a change starts a version) or an untracked one (a version carries the latest).
 */
export type ColumnRole = 'effectiveDate' | 'account' | 'reference' | 'untracked' | 'tracked';

/** A value of a tracked or untracked column as it is stored: text, a number of at most 15 digits, or none. */
export type Value = string | number | null;

export interface Column {
  /** The column's name in the tables and in the settings. */
  readonly name: string;
  /** The heading that people write, other spellings come from the settings. */
  readonly heading: string;
  readonly kind: ColumnKind;
  /** Whether an empty cell fails the row. The heading must be there in any case. */
  readonly required: boolean;
  readonly role: ColumnRole;
  /** Tracked columns: the value of an item missing from a submission; undefined keeps the value it had. */
  readonly whenMissing?: Value;
  /** Tracked columns: the value while the account is silent. */
  readonly whenSilent?: Value;
}

export const TEMPLATE: readonly Column[] = [
  { name: 'effective_date', heading: 'Effective Date', kind: 'date', required: true, role: 'effectiveDate' },
  { name: 'client_account', heading: 'Client Account', kind: 'identifier', required: true, role: 'account' },
  { name: 'external_reference', heading: 'External Reference', kind: 'identifier', required: true, role: 'reference' },
  { name: 'company_name', heading: 'Company Name', kind: 'name', required: true, role: 'untracked' },
  { name: 'amount', heading: 'Amount', kind: 'amount', required: false, role: 'tracked', whenMissing: 0, whenSilent: null },
  { name: 'term', heading: 'Term', kind: 'term', required: true, role: 'tracked', whenSilent: 'N/A' },
];

/** The template's tracked columns, in the order of their values in a version. */
export const TRACKED: readonly Column[] = TEMPLATE.filter((column) => column.role === 'tracked');

/** The template's untracked columns, in the order of their values in a version. */
export const UNTRACKED: readonly Column[] = TEMPLATE.filter((column) => column.role === 'untracked');
