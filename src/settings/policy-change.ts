import { isDeepStrictEqual } from 'node:util';
import { createPolicy, deletePolicy } from '../cluster/settings-writer.ts';
import type { KubeClient } from '../kube/types.ts';
import { FerryError } from '../model/errors.ts';
import type { MigrationPolicy } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { checkType } from './assignment.ts';
import { begin, type ChangeOptions, finish, historyNamespace } from './change.ts';
import type { ChangeRecord } from './history.ts';
import { parameterOf } from './parameters.ts';
import { versionIn } from './read.ts';

/** Not settings of KubeVirt's CR, or not checked here. */
const OTHER_FIELDS = ['selectors', 'experimental'];

/** The policies that are not there yet. Throws FERRY_E_USAGE and FERRY_E_REFUSED for those that could not work. */
export function newPolicies(policies: readonly MigrationPolicy[], snapshot: Snapshot): MigrationPolicy[] {
  const present = new Map(itemsOf(snapshot.lists.migrationPolicies).map((each) => [each.metadata.name, each]));
  const version = versionIn(snapshot);
  return policies.filter((policy) => {
    const { name } = policy.metadata ?? {};
    if (typeof name !== 'string')
      throw new FerryError('FERRY_E_USAGE', 'a MigrationPolicy has no name', 'Give it one in .metadata.name.');
    const spec = (policy.spec ?? {}) as unknown as Record<string, unknown>;
    for (const [field, value] of Object.entries(spec)) {
      if (OTHER_FIELDS.includes(field)) continue;
      const parameter = parameterOf(field);
      if (parameter === undefined || version?.policyFields.includes(field) === false) {
        throw new FerryError(
          'FERRY_E_USAGE',
          `MigrationPolicy ${name} sets ${field}, which no policy can set in KubeVirt ${version?.name ?? 'here'}`,
          `It can set ${version?.policyFields.join(', ') ?? 'less'}; the rest is for the whole cluster.`,
        );
      }
      checkType(parameter, value);
    }
    if (spec['selectors'] === undefined || spec['selectors'] === null) {
      throw new FerryError(
        'FERRY_E_USAGE',
        `MigrationPolicy ${name} has no selectors, and would never match`,
        'Give it .spec.selectors with a namespaceSelector or a virtualMachineInstanceSelector.',
      );
    }
    const found = present.get(name);
    if (found === undefined) return true;
    if (isDeepStrictEqual(found.spec, policy.spec)) return false;
    throw new FerryError(
      'FERRY_E_REFUSED',
      `there is another MigrationPolicy ${name} already`,
      'Delete it, or give the new one another name; which policy a VM gets is shown by `settings get --for`.',
    );
  });
}

/** Creates a policy; it is written into the history before. Throws the client's KubeError. */
export async function makePolicy(
  client: KubeClient,
  snapshot: Snapshot,
  policy: MigrationPolicy,
  options: Pick<ChangeOptions, 'signal' | 'tell'>,
): Promise<ChangeRecord> {
  return await recorded(client, snapshot, policy, undefined, options, () =>
    createPolicy(client, policy, { signal: options.signal }),
  );
}

/** Deletes the policy that a change created, unless it is another one by now. */
export async function takeBackPolicy(
  client: KubeClient,
  snapshot: Snapshot,
  record: ChangeRecord,
  options: Pick<ChangeOptions, 'signal' | 'tell'>,
): Promise<ChangeRecord> {
  const name = record.policy?.metadata.name;
  const policy = itemsOf(snapshot.lists.migrationPolicies).find(({ metadata }) => metadata.name === name);
  if (policy === undefined)
    throw new FerryError('FERRY_E_REFUSED', `there is no MigrationPolicy ${name} any more`, 'There is nothing to do.');
  return await recorded(client, snapshot, policy, record, options, () =>
    deletePolicy(client, policy, { signal: options.signal }),
  );
}

async function recorded(
  client: KubeClient,
  snapshot: Snapshot,
  policy: MigrationPolicy,
  reverts: ChangeRecord | undefined,
  options: Pick<ChangeOptions, 'signal' | 'tell'>,
  work: () => Promise<void>,
): Promise<ChangeRecord> {
  const namespace = historyNamespace(snapshot);
  const about = {
    apiVersion: policy.apiVersion,
    object: { kind: 'MigrationPolicy', name: policy.metadata.name },
    path: ['spec'],
    changes: [],
    ...(reverts === undefined && { policy }),
  };
  const record = await begin(client, namespace, about, reverts, options.signal);
  try {
    await work();
  } catch (error) {
    await finish(client, namespace, record, 'failed', error instanceof Error ? error.message : String(error), options);
    throw error;
  }
  return await finish(client, namespace, record, 'applied', undefined, options);
}
