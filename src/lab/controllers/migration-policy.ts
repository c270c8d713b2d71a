import type {
  KubeObject,
  MigrationConfiguration,
  MigrationPolicy,
  VirtualMachineInstance,
} from '../../model/objects.ts';
import type { KubeVirtVersion } from '../../model/versions/index.ts';

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
  vmi: VirtualMachineInstance,
  namespace: KubeObject | undefined,
): MigrationPolicy | undefined {
  let best: { policy: MigrationPolicy; total: number; vmi: number } | undefined;
  for (const policy of [...policies].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
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
