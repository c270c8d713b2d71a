import type { Subject } from './finding.ts';
import { compareText, perSnapshot } from './memo.ts';
import type { KubeObject, MigrationConfiguration, MigrationPolicy } from './objects.ts';
import { bytesOf } from './quantity.ts';
import { type MigrationSettings, type Setting, settingsOf } from './settings.ts';
import { itemsOf, type Snapshot } from './snapshot.ts';
import { type KubeVirtVersion, knownVersion } from './versions/index.ts';
import type { Vm } from './vm.ts';

/** How well a policy fits; undefined if it does not. */
function scoreOf(
  policy: MigrationPolicy,
  vmiLabels: Record<string, string>,
  namespaceLabels: Record<string, string>,
): { total: number; vmi: number } | undefined {
  const selectors = policy.spec?.selectors;
  if (selectors === undefined || selectors === null) return undefined;
  const count = (selector: Record<string, string> | undefined, labels: Record<string, string>): number | undefined => {
    const entries = Object.entries(selector ?? {});
    return entries.every(([key, value]) => labels[key] === value) ? entries.length : undefined;
  };
  const vmi = count(selectors.virtualMachineInstanceSelector, vmiLabels);
  const namespace = count(selectors.namespaceSelector, namespaceLabels);
  return vmi === undefined || namespace === undefined ? undefined : { total: vmi + namespace, vmi };
}

/** The one policy that applies to a VMI: most matched labels, then most VMI labels, then the first name (facts/kubevirt.md A9). */
export function matchPolicy(
  policies: MigrationPolicy[],
  vmi: KubeObject,
  namespace: KubeObject | undefined,
): MigrationPolicy | undefined {
  let best: { policy: MigrationPolicy; total: number; vmi: number } | undefined;
  for (const policy of policies.toSorted((a, b) => compareText(a.metadata.name, b.metadata.name))) {
    const score = scoreOf(policy, vmi.metadata.labels ?? {}, namespace?.metadata.labels ?? {});
    if (score === undefined) continue;
    if (best === undefined || score.total > best.total || (score.total === best.total && score.vmi > best.vmi)) {
      best = { policy, ...score };
    }
  }
  return best?.policy;
}

/** The settings of one migration; `named`: the policy is named on the VMI, until v1.8 only if it set something. */
export function withPolicy(
  version: KubeVirtVersion,
  settings: MigrationConfiguration,
  policy: MigrationPolicy | undefined,
): { configuration: MigrationConfiguration; named: boolean } {
  const configuration: MigrationConfiguration = { ...settings };
  let changed = false;
  const set = (policy?.spec ?? {}) as Record<string, unknown>;
  for (const field of version.policyFields) {
    const value = set[field];
    if (value === undefined || value === null) continue;
    Object.assign(configuration, { [field]: value });
    changed = true;
  }
  const { allowPostCopy, allowWorkloadDisruption } = policy?.spec ?? {};
  if (version.workloadDisruption && allowPostCopy !== undefined && allowWorkloadDisruption === undefined) {
    configuration.allowWorkloadDisruption = allowPostCopy;
  }
  return { configuration, named: policy !== undefined && (changed || version.namesEveryPolicy) };
}

/** What a policy may set and a Snapshot's settings know; KubeVirt's version decides which of them it has (A9). */
const overridable = [
  'bandwidthPerMigration',
  'completionTimeoutPerGiB',
  'allowAutoConverge',
  'allowPostCopy',
  'allowWorkloadDisruption',
] as const satisfies readonly (keyof MigrationSettings)[];

interface Policies {
  all: MigrationPolicy[];
  namespaces: Map<string, KubeObject>;
  settings: Map<string, MigrationSettings>;
}

const policiesOf = perSnapshot(
  (snapshot): Policies => ({
    all: itemsOf(snapshot.lists.migrationPolicies),
    namespaces: new Map(itemsOf(snapshot.lists.namespaces).map((object) => [object.metadata.name, object])),
    settings: new Map(),
  }),
);

/** The MigrationPolicy that would apply if the VM migrated now; one that asks for namespace labels only where those are known. */
export function policyOf(vm: Vm, snapshot: Snapshot): MigrationPolicy | undefined {
  const { all, namespaces } = policiesOf(snapshot);
  if (vm.vmi === undefined || all.length === 0) return undefined;
  return matchPolicy(all, vm.vmi, namespaces.get(vm.namespace));
}

/** The settings of a migration of the VM: the cluster's, with what its MigrationPolicy sets over them (facts/kubevirt.md A9). */
export function settingsFor(vm: Vm, snapshot: Snapshot): MigrationSettings {
  const policy = policyOf(vm, snapshot);
  if (policy === undefined) return settingsOf(snapshot);
  const { settings } = policiesOf(snapshot);
  let found = settings.get(policy.metadata.name);
  if (found === undefined) settings.set(policy.metadata.name, (found = overlaid(policy, snapshot)));
  return found;
}

function overlaid(policy: MigrationPolicy, snapshot: Snapshot): MigrationSettings {
  const version = knownVersion(snapshot.versions.kubevirt)?.version;
  const set = (policy.spec ?? {}) as unknown as Record<string, string | number | boolean | null | undefined>;
  const object: Subject = { kind: 'MigrationPolicy', name: policy.metadata.name };
  const changed: Record<string, Setting<unknown>> = {};
  const over = (name: string, by = name): void => {
    const raw = set[by];
    if (raw === undefined || raw === null) return;
    const value = name === 'bandwidthPerMigration' ? bytesOf(String(raw)) : raw;
    changed[name] = { value, origin: 'MigrationPolicy', object, field: `.spec.${by}`, raw };
  };
  for (const name of overridable) if (version === undefined || version.policyFields.includes(name)) over(name);
  // Post-copy without a word on disruption allows that, too (v1.5+).
  if (changed['allowWorkloadDisruption'] === undefined && version?.workloadDisruption !== false) {
    over('allowWorkloadDisruption', 'allowPostCopy');
  }
  return { ...settingsOf(snapshot), ...changed };
}
