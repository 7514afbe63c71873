import type { Settings } from '../config/settings.js';
import { fractionOf } from '../history/fraction.js';
import type { Policy } from '../history/policy.js';
import { TEMPLATE, TRACKED } from '../template.js';

/** The policy in force, between the settings, the database and the rules. */

type PolicySettings = Pick<Settings, 'validityDays' | 'accountValidityDays' | 'missingItems' | 'placeholderReplaceCoverage'>;

/** The policy and template as they are put on record: the same settings always give the same text. */
export function policyDefinition(settings: PolicySettings): string {
  const { validityDays, missingItems, placeholderReplaceCoverage } = settings;
  const accounts = Object.entries(settings.accountValidityDays).sort(([one], [other]) => (one < other ? -1 : 1));
  const template = TEMPLATE.map(({ name, role, whenMissing, whenSilent }) => ({ name, role, whenMissing, whenSilent }));
  return JSON.stringify({
    validityDays, accountValidityDays: Object.fromEntries(accounts), missingItems, placeholderReplaceCoverage, template,
  });
}

/** The rules for an account under a policy on record. */
export function policyFor(definition: string, account: string): Policy {
  const settings = JSON.parse(definition) as PolicySettings;
  const validity = new Map(Object.entries(settings.accountValidityDays)).get(account) ?? settings.validityDays;
  return {
    validityDays: validity === 'none' ? null : validity,
    coverage: fractionOf(settings.placeholderReplaceCoverage),
    missingItems: settings.missingItems,
    tracked: TRACKED.map(({ whenMissing, whenSilent }) => ({ whenMissing, whenSilent: whenSilent ?? null })),
  };
}
