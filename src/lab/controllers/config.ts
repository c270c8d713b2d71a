import type { KubeVirt, MigrationConfiguration } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';

/** The KubeVirt CR, as every KubeVirt component reads it: at once, without a restart. */
export function kubeVirtOf(cluster: Cluster): KubeVirt | undefined {
  const named = cluster.store.get<KubeVirt>(resources.kubeVirts, CNV_NAMESPACE, 'kubevirt-kubevirt-hyperconverged');
  return named ?? cluster.store.list<KubeVirt>(resources.kubeVirts)[0];
}

/** spec.configuration.migrations with the version's built-in defaults (facts/kubevirt.md A8). */
export function migrationSettings(
  cluster: Cluster,
): MigrationConfiguration & { parallelMigrationsPerCluster: number; parallelOutboundMigrationsPerNode: number } {
  const own = kubeVirtOf(cluster)?.spec?.configuration?.migrations ?? {};
  const defined = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined && value !== null));
  const settings = { ...cluster.version.migrationDefaults, ...defined };
  if (!cluster.version.workloadDisruption) return settings;
  return { ...settings, allowWorkloadDisruption: own.allowWorkloadDisruption ?? settings.allowPostCopy };
}

/** What else the launcher's resources depend on (facts/kubevirt.md F3). */
export function resourceSettings(cluster: Cluster): {
  cpuAllocationRatio: number;
  memoryOvercommit: number;
  overheadRatio: number;
} {
  const configuration = kubeVirtOf(cluster)?.spec?.configuration;
  return {
    cpuAllocationRatio: configuration?.developerConfiguration?.cpuAllocationRatio ?? 10,
    memoryOvercommit: configuration?.developerConfiguration?.memoryOvercommit ?? 100,
    overheadRatio: Number(configuration?.additionalGuestMemoryOverheadRatio ?? '1') || 1,
  };
}

/** Whether KubeVirt's feature gate is on (facts/kubevirt.md A8): for the alpha gates, which are off unless they are listed. */
export function featureGateEnabled(cluster: Cluster, gate: string): boolean {
  return kubeVirtOf(cluster)?.spec?.configuration?.developerConfiguration?.featureGates?.includes(gate) ?? false;
}

/** Whether a beta gate is on, as it is unless it is listed as disabled (v1.8 and later). */
export function featureGateOpen(cluster: Cluster, gate: string): boolean {
  const developer = kubeVirtOf(cluster)?.spec?.configuration?.developerConfiguration;
  return !(developer?.disabledFeatureGates?.includes(gate) ?? false);
}

/** Whether KubeVirt gives its migrations priorities: GA in v1.9, behind a gate in v1.7 and v1.8 (facts/kubevirt.md A6). */
export function usesPriorities(cluster: Cluster): boolean {
  const { priorities } = cluster.version;
  return priorities === 'always' || (priorities === 'gated' && featureGateEnabled(cluster, 'MigrationPriorityQueue'));
}
