import { explain } from '../cluster/explain.ts';
import { createPolicy, deletePolicy } from '../cluster/settings-writer.ts';
import type { KubeClient } from '../kube/types.ts';
import { type ExitCode, exit, FerryError } from '../model/errors.ts';
import { type Applied, dryRun, makeChange } from '../settings/change.ts';
import type { ChangeRecord } from '../settings/history.ts';
import { rehearseRecord, settlePending } from '../settings/past.ts';
import { PATIENCE } from '../settings/patience.ts';
import { makePolicy, takeBackPolicy } from '../settings/policy-change.ts';
import type { Done, Following, Prepared } from './draft.ts';
import { type DecidedSettings, isUnchanged } from './settings.ts';

/** What became of a change of settings. */
export interface SettingsOutcome {
  /** Of the settings, if some were to be changed. */
  settings?: Applied;
  /** Of policies that were created or deleted. */
  policies: ChangeRecord[];
  /** What came of it after some of it was done. */
  error?: unknown;
}

/** A decided change of settings as a write that can be confirmed. */
export function preparedSettings(client: KubeClient, decided: DecidedSettings): Prepared {
  return {
    draft: decided.draft,
    rehearse: async (signal) => {
      if (isUnchanged(decided))
        throw new FerryError(
          'FERRY_E_REFUSED',
          'there is nothing to change: the settings and policies are like this already',
          'There is nothing to do.',
        );
      await rehearseSettings(client, decided, signal);
    },
    carryOut: async (how) => doneOf(await carryOutSettings(client, decided, { ...how, timeout: PATIENCE })),
  };
}

/**
 * Asks the API server whether it would take every write, the one into the history included; changes nothing. Throws the
 * client's KubeError.
 */
export async function rehearseSettings(
  client: KubeClient,
  { snapshot, decision, creates, deletes }: DecidedSettings,
  signal: AbortSignal,
): Promise<void> {
  if (decision !== undefined && decision.changes.length > 0) await dryRun(client, decision, signal);
  for (const policy of creates) await createPolicy(client, policy, { dryRun: true, signal });
  if (deletes !== undefined) await deletePolicy(client, deletes, { dryRun: true, signal });
  await rehearseRecord(client, snapshot, signal);
}

/**
 * Makes the change: the settings first, and the policies once KubeVirt has taken them. Throws what makeChange throws, and
 * what keeps the first policy from being made; later failures are in the outcome.
 */
export async function carryOutSettings(
  client: KubeClient,
  decided: DecidedSettings,
  { signal, tell, timeout }: Following & { timeout: number },
): Promise<SettingsOutcome> {
  const { snapshot, decision, decideAgain, creates, deletes, reverts } = decided;
  for (const line of await settlePending(client, snapshot, signal)) tell(line);
  const outcome: SettingsOutcome = { policies: [] };
  if (decision !== undefined && decision.changes.length > 0) {
    const more = reverts === undefined ? {} : { reverts };
    outcome.settings = await makeChange(client, snapshot, decision, { signal, timeout, decideAgain, tell, ...more });
    const { record, result } = outcome.settings;
    if (result !== 'taken') return outcome;
    tell(`change ${record.id} is made, and KubeVirt has taken it`);
  }
  try {
    for (const policy of creates) outcome.policies.push(await makePolicy(client, snapshot, policy, { signal, tell }));
    if (deletes !== undefined && reverts !== undefined)
      outcome.policies.push(await takeBackPolicy(client, snapshot, reverts, { signal, tell }));
  } catch (error) {
    if (outcome.settings === undefined && outcome.policies.length === 0) throw error;
    outcome.error = error;
  }
  return outcome;
}

/** The changes that were made, in their order: their ids are what `revert` takes. */
export function recordsOf({ settings, policies }: SettingsOutcome): ChangeRecord[] {
  return [...(settings === undefined ? [] : [settings.record]), ...policies];
}

/** Its exit code, as design.md's table has it. */
export function exitOf({ settings, error }: SettingsOutcome): ExitCode {
  if (settings?.result === 'put-back') return exit.failedAttention;
  if (settings?.result === 'waiting') return exit.timeout;
  return error === undefined ? exit.ok : exit.partial;
}

/** A policy that was created or deleted, in a sentence. */
export function policyLine({ id, object, policy }: ChangeRecord): string {
  const [done, then] = policy === undefined ? ['Deleted', 'do without'] : ['Created', 'get it'];
  return `${done} MigrationPolicy ${object.name} (change ${id}). Migrations that begin from now on ${then}.`;
}

/** What someone has to do whose change was undone at once. */
export const PUT_BACK_HINT =
  'Something owns this object: look for GitOps (Argo CD, Flux) or an operator, and change the settings there.';

function doneOf(outcome: SettingsOutcome): Done {
  const { settings, policies, error } = outcome;
  const records = recordsOf(outcome);
  const ids = records.map(({ id }) => id).reverse();
  const back =
    ids.length === 0
      ? ''
      : ` To take it back: revert ${ids.join(', then ')} (ferry settings revert, or migration_settings_change).`;
  return {
    exit: exitOf(outcome),
    summary: [sentenceOf(settings), ...policies.map(policyLine), failureText(error)]
      .filter((sentence) => sentence !== '')
      .join(' ')
      .concat(settings?.result === 'put-back' ? '' : back),
    details: {
      ...(settings !== undefined && { result: settings.result }),
      changes: records.map(({ id, object }) => ({ id, object })),
    },
  };
}

function sentenceOf(settings: Applied | undefined): string {
  if (settings === undefined) return '';
  const { record, result } = settings;
  if (result === 'put-back')
    return `Change ${record.id} was made, and then somebody put the old values back. ${PUT_BACK_HINT}`;
  if (result === 'waiting')
    return `Change ${record.id} is written, but KubeVirt has not taken it within ${PATIENCE / 1000} s: look at the operators.`;
  return `Changed, and KubeVirt has taken it (change ${record.id}).`;
}

function failureText(error: unknown): string {
  if (error === undefined) return '';
  return `The rest was not done: ${explain(error).message}.`;
}
