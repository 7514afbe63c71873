import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { z } from 'zod';
import { IngestError, messageOf } from '../errors.js';
import { shownUrl } from './database-url.js';
import { settingsSchema, type Settings } from './settings.js';

/** Where settings come from: the defaults of the package, local files, the environment. The later wins. */

type Tree = Record<string, unknown>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that the environment may name, by their paths in the files. */
export const ENVIRONMENT: Readonly<Record<string, readonly string[]>> = {
  SCD_INBOX: ['inbox'],
  SCD_ARCHIVE: ['archive'],
  SCD_DATABASE: ['database'],
  SCD_NODE: ['node'],
  SCD_LEASE_SECONDS: ['leaseSeconds'],
  SCD_CONCURRENCY: ['concurrency'],
  SCD_SCAN_SECONDS: ['scanSeconds'],
  SCD_SETTLE_MS: ['settleMs'],
  SCD_MAX_ATTEMPTS: ['maxAttempts'],
  SCD_STALL_SECONDS: ['stallSeconds'],
  SCD_VALIDITY_DAYS: ['validityDays'],
  SCD_MISSING_ITEMS: ['missingItems'],
  SCD_PLACEHOLDER_REPLACE_COVERAGE: ['placeholderReplaceCoverage'],
  SCD_MAX_FAILURE_RATIO: ['maxFailureRatio'],
  SCD_MAX_PERIOD_DAYS: ['maxPeriodDays'],
  SCD_MAX_MISSING_RATIO: ['maxMissingRatio'],
  SCD_SHEET: ['sheet'],
  SCD_LOG_LEVEL: ['log', 'level'],
  SCD_LOG_FILE: ['log', 'file'],
};

/** Settings that are text even where they look like a number. */
const TEXTS = new Set(['SCD_INBOX', 'SCD_ARCHIVE', 'SCD_DATABASE', 'SCD_NODE', 'SCD_SHEET', 'SCD_LOG_FILE']);

/** The settings in force, for a working folder and an environment. Refuses with every problem at once, each with its key. */
export function loadSettings(environment: Environment = process.env, folder = process.cwd()): Settings {
  const problems: string[] = [];
  const named = environment['SCD_CONFIG'];
  const files = [packagedDefaults(), join(folder, 'config', 'local.yaml'), named]
    .reduce<Tree>((under, path) => merge(under, readTree(path, path === named, problems)), {});
  const tree = applyEnvironment(files, environment);
  const parsed = settingsSchema.safeParse(tree);
  if (parsed.success && problems.length === 0) return parsed.data;
  problems.push(...(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, tree, environment)));
  throw new IngestError('settings', `the settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

/** The names in the environment that look like settings and are none: somebody has misspelled one. */
export function unknownNames(environment: Environment = process.env): string[] {
  return Object.keys(environment).filter((name) => name.startsWith('SCD_') && !(name in ENVIRONMENT) && !OTHER_NAMES.has(name));
}

const OTHER_NAMES = new Set(['SCD_CONFIG', 'SCD_FAILPOINT']);

function problemsOf(issue: z.core.$ZodIssue, tree: Tree, environment: Environment): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[...issue.path, key].join('.')}: there is no such setting`);
  return [`${keyOf(issue.path, environment)}: ${lowered(issue.message)}, found ${shown(valueAt(tree, issue.path))}`];
}

function packagedDefaults(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'config', 'default.yaml')) && folder !== dirname(folder)) folder = dirname(folder);
  return join(folder, 'config', 'default.yaml');
}

/** What a file says; adds to `problems` where it says nothing that can be read. */
function readTree(path: string | undefined, mustExist: boolean, problems: string[]): Tree {
  if (path === undefined || (!mustExist && !existsSync(path))) return {};
  try {
    // Keys are text: an account 00123 is not the number 123.
    const tree: unknown = parse(readFileSync(path, 'utf8'), { schema: 'core', stringKeys: true });
    if (tree === null) return {};
    if (!isTree(tree)) throw new TypeError('expected keys and values');
    return tree;
  } catch (error) {
    problems.push(`file ${path}: cannot be read: ${messageOf(error).trim()}`);
    return {};
  }
}

/** Lists and accounts are replaced whole, groups of settings key by key. */
function merge(under: Tree, over: Tree): Tree {
  const merged: Tree = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) && key !== 'accountValidityDays' ? merge(below, value) : value;
  }
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function applyEnvironment(tree: Tree, environment: Environment): Tree {
  let applied = tree;
  for (const [name, path] of Object.entries(ENVIRONMENT)) {
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const value = TEXTS.has(name) ? text : scalar(text);
    applied = merge(applied, path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Tree);
  }
  return applied;
}

function scalar(text: string): string | number {
  return /^-?\d+(\.\d+)?$/u.test(text.trim()) ? Number(text) : text.trim();
}

function keyOf(path: readonly PropertyKey[], environment: Environment): string {
  const name = Object.entries(ENVIRONMENT).find(([key, at]) => environment[key] !== undefined && at.join('.') === path.join('.'))?.[0];
  return name ?? (path.join('.') || 'settings');
}

function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isTree(value) || Array.isArray(value) ? (value as Tree)[key as string] : undefined), tree);
}

/** The schema's own words begin with a class of fault ("Too small: expected …"), which says nothing more. */
function lowered(message: string): string {
  const plain = message.replace(/^(?:Invalid [a-z]+|Too [a-z]+): (?=expected)/u, '');
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(typeof value === 'string' ? shownUrl(value) : value);
}
