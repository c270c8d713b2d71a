import { subjectOf } from '../model/finding.ts';
import type { KubeObject, MigrationPolicy } from '../model/objects.ts';
import { policyOf } from '../model/policies.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import type { Vm } from '../model/vm.ts';
import { acceptableCompletionTime } from '../physics/completion-time.ts';
import type { Value } from './parameters.ts';
import { readSettings, type SettingView, versionIn } from './read.ts';

/** The settings a migration of one VM gets. */
export interface VmSettings {
  vm: { namespace: string; name: string };
  /** The MigrationPolicy that applies; null: none. */
  policy: string | null;
  /** Why that one, and what of the others. A sentence each. */
  why: string[];
  /** After which the migration is aborted, switched or paused; null: never, or the VM's memory is not known. */
  deadlineSeconds: number | null;
  items: SettingView[];
}

/** The cluster's settings with what the VM's MigrationPolicy sets over them (facts/kubevirt.md A9). */
export function settingsOfVm(vm: Vm, snapshot: Snapshot): VmSettings {
  const policy = policyOf(vm, snapshot);
  const items = policy === undefined ? readSettings(snapshot) : overlaid(policy, snapshot);
  const perGiB = items.find(({ name }) => name === 'completionTimeoutPerGiB')?.value;
  const deadline =
    typeof perGiB === 'number' && perGiB > 0 && vm.memoryBytes !== undefined
      ? acceptableCompletionTime(perGiB, vm.memoryBytes)
      : null;
  return {
    vm: { namespace: vm.namespace, name: vm.name },
    policy: policy?.metadata.name ?? null,
    why: why(vm, policy, snapshot),
    deadlineSeconds: deadline,
    items,
  };
}

function overlaid(policy: MigrationPolicy, snapshot: Snapshot): SettingView[] {
  const fields = versionIn(snapshot)?.policyFields;
  const spec = (policy.spec ?? {}) as unknown as Record<string, Value | undefined>;
  const { name } = policy.metadata;
  const items = readSettings(snapshot).map((item): SettingView => {
    const value = spec[item.name];
    if (value === undefined || value === null || fields?.includes(item.name) === false) return item;
    const { leftOverFrom: _left, documented: _documented, ...rest } = item;
    return {
      ...rest,
      value,
      source: 'MigrationPolicy',
      apiVersion: policy.apiVersion,
      object: subjectOf(policy),
      field: `.spec.${item.name}`,
      how: `policy ${name}`,
      remarks: [],
    };
  });
  const postCopy = spec['allowPostCopy'];
  return items.map((item) =>
    // Post-copy without a word on disruption decides that, too (v1.5+).
    item.name === 'allowWorkloadDisruption' && item.source !== 'MigrationPolicy' && typeof postCopy === 'boolean'
      ? {
          ...item,
          value: postCopy,
          source: 'MigrationPolicy',
          apiVersion: policy.apiVersion,
          object: subjectOf(policy),
          field: '.spec.allowPostCopy',
          how: `follows allowPostCopy of policy ${name}`,
        }
      : item,
  );
}

function why(vm: Vm, chosen: MigrationPolicy | undefined, snapshot: Snapshot): string[] {
  const { migrationPolicies } = snapshot.lists;
  if (!migrationPolicies.known) return [`The MigrationPolicies are not known: ${migrationPolicies.message}.`];
  if (vm.vmi === undefined) return ['The VM does not run; which policy applies is decided by the labels of its VMI.'];
  const all = itemsOf(migrationPolicies);
  if (all.length === 0) return ['There are no MigrationPolicies.'];
  const namespace = itemsOf(snapshot.lists.namespaces).find(({ metadata }) => metadata.name === vm.namespace);
  const lines = all.map((policy) => ({ policy, ...verdict(policy, vm.vmi as KubeObject, namespace) }));
  const matching = lines.filter(({ matches }) => matches !== undefined);
  return [
    chosen === undefined
      ? 'No MigrationPolicy matches, so that the settings of the cluster apply.'
      : matching.length === 1
        ? `Policy ${chosen.metadata.name} is the only one that matches.`
        : `Policy ${chosen.metadata.name} applies: of those that match, most labels win, then most labels of the VMI, then the first name.`,
    ...lines.map(({ policy, text }) => `${policy.metadata.name}: ${text}`),
  ];
}

function verdict(
  policy: MigrationPolicy,
  vmi: KubeObject,
  namespace: KubeObject | undefined,
): { matches?: number; text: string } {
  const selectors = policy.spec?.selectors;
  if (selectors === undefined || selectors === null) return { text: 'has no selectors, and never matches' };
  const parts: [string, Record<string, string>, Record<string, string>][] = [
    ['VMI', selectors.virtualMachineInstanceSelector ?? {}, vmi.metadata.labels ?? {}],
    ['namespace', selectors.namespaceSelector ?? {}, namespace?.metadata.labels ?? {}],
  ];
  for (const [what, wanted, labels] of parts) {
    const miss = Object.entries(wanted).find(([key, value]) => labels[key] !== value);
    if (miss !== undefined)
      return {
        text: `does not match: it asks for ${miss[0]}=${miss[1]} of the ${what}, which has ${labels[miss[0]] === undefined ? 'no such label' : `${miss[0]}=${labels[miss[0]]}`}`,
      };
  }
  const [onVmi, onNamespace] = parts.map(([, wanted]) => Object.keys(wanted).length) as [number, number];
  return {
    matches: onVmi + onNamespace,
    text: `matches ${onVmi} ${onVmi === 1 ? 'label' : 'labels'} of the VMI and ${onNamespace} of the namespace`,
  };
}
