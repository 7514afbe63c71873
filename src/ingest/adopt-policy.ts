import { instant } from '../clock.js';
import type { Settings } from '../config/settings.js';
import { failpoint } from '../failpoint.js';
import { accountsWithoutPolicy, lockAccount, markPolicy } from '../store/accounts.js';
import { nextChange } from '../store/changes.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import type { Store } from '../store/rehearsal.js';
import { addPolicy, policyInForce, type PolicyInForce } from '../store/policies.js';
import { deriveWhole } from './derive.js';
import { policyDefinition, policyFor } from './policy.js';

/** What a start did about the policy. */
export interface Adoption {
  readonly policy: PolicyInForce;
  /** Whether the settings say something else than what was in force. */
  readonly isChanged: boolean;
  /** How many accounts were derived anew. */
  readonly accounts: number;
}

/**
 * Puts the policy of the settings in force and derives, account by account, the chains of those that were derived by
 * another. A start that was killed on the way goes on with the accounts that are left.
 */
export async function adoptPolicy(database: Store, settings: Settings): Promise<Adoption> {
  const definition = policyDefinition(settings);
  const before = await policyInForce(database.reader);
  const isChanged = before !== undefined && before.definition !== definition;
  const policy = before?.definition === definition ? before : await database.write(async (tx) => addPolicy(tx, definition), LOOKS_ITSELF);
  await failpoint('policy-added');
  const accounts = await accountsWithoutPolicy(database.reader, policy.id);
  for (const account of accounts) {
    await database.write(async (tx) => rederive(tx, account.id, policy), LOOKS_ITSELF);
    await failpoint('account-rederived');
  }
  return { policy, isChanged, accounts: accounts.length };
}

async function rederive(tx: Transaction, id: number, policy: PolicyInForce): Promise<void> {
  const account = await lockAccount(tx, id);
  if (account.policy_id === policy.id) return;
  await deriveWhole(tx, { account, policy: policyFor(policy.definition, account.account_number) }, instant(tx.now()));
  await markPolicy(tx, account.id, policy.id, await nextChange(tx));
  await failpoint('policy-commit');
}
