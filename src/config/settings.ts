import { z } from 'zod';
import { TEMPLATE } from '../template.js';
import { faultOfDatabase } from './database-url.js';

/** The settings: their shape, their limits and the type that the rest of the program sees. */

const calendarDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a date YYYY-MM-DD');
const validityDays = z.custom<number | 'none'>(
  (value) => value === 'none' || (Number.isInteger(value) && Number(value) >= 1), 'expected a whole number of days from 1, or none');
const ratio = z.number().min(0).max(1);
const whole = z.int().min(1);
const sign = z.string().length(1);

const headings = z.strictObject(
  Object.fromEntries(TEMPLATE.map((column) => [column.name, z.array(z.string().min(1))])),
);

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
  concurrency: z.int().min(1).max(64),
  scanSeconds: z.number().positive(),
  settleMs: z.int().min(0),
  maxAttempts: whole,
  stallSeconds: z.number().positive(),
  validityDays,
  accountValidityDays: z.record(z.string(), validityDays),
  missingItems: z.enum(['zero', 'keep']),
  placeholderReplaceCoverage: ratio,
  maxFailureRatio: ratio,
  maxMissingRatio: z.custom<number | 'none'>(
    (value) => value === 'none' || ratio.safeParse(value).success, 'expected a number from 0 to 1, or none'),
  maxPeriodDays: validityDays,
  sheet: z.string().min(1).nullable(),
  headings,
  terms: z.array(z.string().min(1)).min(1),
  dates: z.strictObject({ earliest: calendarDate, latest: calendarDate, formats: z.array(z.string().min(1)) }),
  numbers: z.strictObject({ decimal: sign, group: sign.nullable() })
    .refine((numbers) => numbers.decimal !== numbers.group, 'decimal and group signs must differ'),
  limits,
  log: z.strictObject({ level: z.enum(['error', 'warn', 'info', 'debug']), file: z.string().min(1).nullable() }),
});

/** Every setting in force, validated. */
export type Settings = z.infer<typeof settingsSchema>;

/** What the reading of a workbook depends on; plain data, it travels to worker threads. */
export type ReadSettings = Pick<Settings, 'sheet' | 'headings' | 'terms' | 'dates' | 'numbers' | 'limits' | 'stallSeconds'>;
