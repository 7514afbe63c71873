import { z } from 'zod';
import { TEMPLATE } from '../template.js';
import { faultOfDatabase } from './database-url.js';

/** The settings: their shape, their limits and the type that the rest of the program sees. */

const calendarDate = z.string().refine(isCalendarDate, 'expected a date YYYY-MM-DD');
const dateFormat = z.string().refine(namesEachPart, 'expected YYYY, MM (or M) and DD (or D) once each, such as DD.MM.YYYY');
const daysOrNone = z.custom<number | 'none'>(
  (value) => value === 'none' || (Number.isInteger(value) && Number(value) >= 1), 'expected a whole number of days from 1, or none');
const ratio = z.number().min(0).max(1);
const whole = z.int().min(1);
/** Timers of the system count up to 24 days; longer ones would fire at once. */
const seconds = z.number().min(0.05).max(86_400);
const sign = z.string().length(1);
/** It is a part of the name of a folder. */
const nodeName = z.string().regex(/^[\w][\w.-]{0,62}$/u, 'expected up to 63 letters, digits, dots, hyphens or underscores, such as node-1');

const headings = z.strictObject(
  Object.fromEntries(TEMPLATE.map((column) => [column.name, z.array(z.string().min(1))])),
).superRefine(refuseShared);

const limits = z.strictObject({
  fileMiB: whole, inflatedMiB: whole, entryMiB: whole, entryRatio: whole, entries: whole, sharedStringsMiB: whole,
  rows: whole, columns: whole, cellCharacters: whole, otherFileMiB: whole, otherInflatedMiB: whole, workerHeapMiB: whole,
});

export const settingsSchema = z.strictObject({
  inbox: z.string().min(1),
  archive: z.string().min(1),
  database: z.string().superRefine((url, check) => {
    const fault = faultOfDatabase(url);
    if (fault !== undefined) check.addIssue(fault);
  }),
  node: nodeName.nullable(),
  leaseSeconds: z.number().min(1).max(3600),
  concurrency: z.int().min(1).max(64),
  scanSeconds: seconds,
  settleMs: z.int().min(0).max(86_400_000),
  maxAttempts: whole,
  stallSeconds: seconds,
  validityDays: daysOrNone,
  accountValidityDays: z.record(z.string(), daysOrNone),
  missingItems: z.enum(['zero', 'keep']),
  placeholderReplaceCoverage: ratio,
  maxFailureRatio: ratio,
  maxMissingRatio: z.custom<number | 'none'>(
    (value) => value === 'none' || ratio.safeParse(value).success, 'expected a number from 0 to 1, or none'),
  maxPeriodDays: daysOrNone,
  sheet: z.string().min(1).nullable(),
  headings,
  terms: z.array(z.string().min(1)).min(1),
  dates: z.strictObject({ earliest: calendarDate, latest: calendarDate, formats: z.array(dateFormat) })
    .refine(({ earliest, latest }) => earliest <= latest, 'expected the earliest date not to come after the latest'),
  numbers: z.strictObject({ decimal: sign, group: sign.nullable() })
    .refine((numbers) => numbers.decimal !== numbers.group, 'decimal and group signs must differ'),
  limits,
  log: z.strictObject({ level: z.enum(['error', 'warn', 'info', 'debug']), file: z.string().min(1).nullable() }),
});

/** Every setting in force, validated. */
export type Settings = z.infer<typeof settingsSchema>;

/** What the reading of a workbook depends on; plain data, it travels to worker threads. */
export type ReadSettings = Pick<Settings, 'sheet' | 'headings' | 'terms' | 'dates' | 'numbers' | 'limits' | 'stallSeconds'>;

function isCalendarDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

function namesEachPart(format: string): boolean {
  const parts = format.match(/YYYY|MM?|DD?/gu) ?? [];
  return parts.map((part) => part[0]).sort().join('') === 'DMY' && !/[A-Za-z]/u.test(format.replace(/YYYY|MM?|DD?/gu, ''));
}

/** A spelling that names two columns would read one of them from the other's cells. */
function refuseShared(further: Record<string, string[]>, context: z.RefinementCtx): void {
  const owners = new Map(TEMPLATE.map(({ name, heading }) => [spelling(heading), name]));
  for (const [name, texts] of Object.entries(further)) {
    for (const [index, text] of texts.entries()) {
      const owner = owners.get(spelling(text)) ?? name;
      owners.set(spelling(text), owner);
      if (owner !== name) context.addIssue({ code: 'custom', path: [name, index], message: `expected a spelling of its own, this one names ${owner}` });
    }
  }
}

function spelling(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase();
}
