import type { Resource } from '../kube/types.ts';
import type { SnapshotList } from '../model/snapshot.ts';

/** A resource type with the kind of its objects, which the items of a LIST do not repeat. */
export interface KindOfResource extends Resource {
  kind: string;
}

function resource(group: string, version: string, plural: string, kind: string, namespaced = true): KindOfResource {
  return { group, version, plural, kind, namespaced };
}

/** What Ferry reads, by the name of the Snapshot's list. */
export const resources = {
  nodes: resource('', 'v1', 'nodes', 'Node', false),
  virtualMachines: resource('kubevirt.io', 'v1', 'virtualmachines', 'VirtualMachine'),
  virtualMachineInstances: resource('kubevirt.io', 'v1', 'virtualmachineinstances', 'VirtualMachineInstance'),
  migrations: resource('kubevirt.io', 'v1', 'virtualmachineinstancemigrations', 'VirtualMachineInstanceMigration'),
  claims: resource('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  storageClasses: resource('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false),
  pods: resource('', 'v1', 'pods', 'Pod'),
  daemonSets: resource('apps', 'v1', 'daemonsets', 'DaemonSet'),
  kubeVirts: resource('kubevirt.io', 'v1', 'kubevirts', 'KubeVirt'),
  hyperConvergeds: resource('hco.kubevirt.io', 'v1', 'hyperconvergeds', 'HyperConverged'),
  migrationPolicies: resource('migrations.kubevirt.io', 'v1alpha1', 'migrationpolicies', 'MigrationPolicy', false),
  networkAttachments: resource(
    'k8s.cni.cncf.io',
    'v1',
    'network-attachment-definitions',
    'NetworkAttachmentDefinition',
  ),
  nodeNetworkPolicies: resource(
    'nmstate.io',
    'v1',
    'nodenetworkconfigurationpolicies',
    'NodeNetworkConfigurationPolicy',
    false,
  ),
  nodeNetworkStates: resource('nmstate.io', 'v1beta1', 'nodenetworkstates', 'NodeNetworkState', false),
  resourceQuotas: resource('', 'v1', 'resourcequotas', 'ResourceQuota'),
  limitRanges: resource('', 'v1', 'limitranges', 'LimitRange'),
  disruptionBudgets: resource('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  namespaces: resource('', 'v1', 'namespaces', 'Namespace', false),
  volumes: resource('', 'v1', 'persistentvolumes', 'PersistentVolume', false),
  csiNodes: resource('storage.k8s.io', 'v1', 'csinodes', 'CSINode', false),
  deschedulers: resource('operator.openshift.io', 'v1', 'kubedeschedulers', 'KubeDescheduler'),
} as const satisfies Record<SnapshotList, KindOfResource>;

/** `group/version`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}
