import { instant } from '../clock.js';
import type { Settings } from '../config/settings.js';
import { IngestError } from '../errors.js';
import { failpoint } from '../failpoint.js';
import { accountsWithoutPolicy, lockAccount, markPolicy } from '../store/accounts.js';
import { nextChange } from '../store/changes.js';
import { LOOKS_ITSELF, type Transaction } from '../store/database.js';
import type { Store } from '../store/rehearsal.js';
import { livingNodes, markNodePolicy, shutOutDead } from '../store/leases.js';
import { addPolicy, lockPolicies, policyInForce, type PolicyInForce } from '../store/policies.js';
import { deriveWhole } from './derive.js';
import { policyDefinition, policyFor } from './policy.js';

/** What a start did about the policy. */
interface Adoption {
  readonly policy: PolicyInForce;
  /** Whether the settings say something else than what was in force. */
  readonly isChanged: boolean;
  /** How many accounts were derived anew. */
  readonly accounts: number;
}

/**
 * Puts the policy of the settings in force and derives, account by account, the chains of those that were derived by
 * another. A start that was killed on the way goes on with the accounts that are left. A `node` refuses to start with
 * another policy than the one that others work by.
 */
export async function adoptPolicy(database: Store, settings: Settings, node?: string): Promise<Adoption> {
  const definition = policyDefinition(settings);
  const before = await policyInForce(database.reader);
  const isChanged = before !== undefined && before.definition !== definition;
  const policy = before?.definition === definition && node === undefined
    ? before : await database.write(async (tx) => agree(tx, definition, node), LOOKS_ITSELF);
  await failpoint('policy-added');
  const accounts = await accountsWithoutPolicy(database.reader, policy.id);
  for (const account of accounts) {
    await database.write(async (tx) => rederive(tx, account.id, policy), LOOKS_ITSELF);
    await failpoint('account-rederived');
  }
  return { policy, isChanged, accounts: accounts.length };
}

async function agree(tx: Transaction, definition: string, node: string | undefined): Promise<PolicyInForce> {
  const known = await lockPolicies(tx);
  const isSame = known?.definition === definition;
  if (node !== undefined && !isSame) await expectNobody(tx, node);
  const policy = isSame ? known : await addPolicy(tx, definition);
  if (node !== undefined) await markNodePolicy(tx, node, policy.id);
  return policy;
}

/** Nodes that only seem dead may not go on by the policy of before, either. */
async function expectNobody(tx: Transaction, node: string): Promise<void> {
  const others = await livingNodes(tx, node);
  if (others.length > 0) {
    throw new IngestError('settings', `the policy of these settings (${POLICY_KEYS}) is not the one in force, by which ${others.join(', ')} works: `
      + 'give every node the same, or stop the others first; nothing was changed');
  }
  await shutOutDead(tx, node);
}

const POLICY_KEYS = 'validityDays, accountValidityDays, missingItems, placeholderReplaceCoverage';

async function rederive(tx: Transaction, id: number, policy: PolicyInForce): Promise<void> {
  const account = await lockAccount(tx, id);
  if (account.policy_id === policy.id) return;
  await deriveWhole(tx, { account, policy: policyFor(policy.definition, account.account_number) }, instant(tx.now()));
  await markPolicy(tx, account.id, policy.id, await nextChange(tx));
  await failpoint('policy-commit');
}
