import type { NodeNetworkState, ObjectMeta } from '../model/objects.ts';
import type { SnapshotList, SnapshotLists } from '../model/snapshot.ts';
import { type Fields, pick, present, type Slim, slimMeta } from './slim-fields.ts';
import { slimPod } from './slim-pods.ts';
import { slimMigration, slimState, slimVmiSpec } from './slim-vms.ts';

/** Of a node's network, and of its routes those that are in force; what was configured says no more. */
function slimNetwork(state: NonNullable<NodeNetworkState['status']>['currentState']): Fields | undefined {
  const routes = state?.['routes'] as { running?: object } | undefined;
  return (
    state && {
      ...pick(state, 'interfaces', 'ovn'),
      ...present({ routes: routes?.running === undefined ? undefined : { running: routes.running } }),
    }
  );
}

/** How each kind is cut down to what a decision can need, as its pages arrive. apiVersion and kind are added by the reader. */
export const slim: { [K in SnapshotList]: Slim<SnapshotLists[K]> } = {
  nodes: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec: pick(spec, 'unschedulable', 'taints', 'podCIDRs') ?? {},
    status: present({
      ...pick(status, 'allocatable', 'capacity', 'addresses'),
      conditions: status?.conditions?.map((condition) =>
        pick(condition, 'type', 'status', 'reason', 'message', 'lastTransitionTime'),
      ),
      nodeInfo: pick(status?.nodeInfo, 'osImage', 'architecture', 'kernelVersion', 'kubeletVersion', 'operatingSystem'),
    }),
  }),
  virtualMachines: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec: {
      ...pick(spec, 'runStrategy', 'running', 'instancetype', 'preference', 'updateVolumesStrategy'),
      template: present({
        metadata: pick(spec.template.metadata as ObjectMeta | undefined, 'labels'),
        spec: spec.template.spec && slimVmiSpec(spec.template.spec),
      }),
    },
    status: pick(
      status,
      'printableStatus',
      'created',
      'ready',
      'conditions',
      'runStrategy',
      'stateChangeRequests',
      'instancetypeRef',
      'preferenceRef',
      'volumeUpdateState',
      'snapshotInProgress',
      'restoreInProgress',
      'memoryDumpRequest',
      'changedBlockTracking',
    ),
  }),
  virtualMachineInstances: ({ metadata, spec, status }, share) => ({
    metadata: slimMeta(metadata),
    spec: slimVmiSpec(spec),
    status: status && {
      ...pick(
        status,
        'phase',
        'reason',
        'nodeName',
        'conditions',
        'activePods',
        'evacuationNodeName',
        'migrationMethod',
        'migrationTransport',
        'migratedVolumes',
        'memory',
        'currentCPUTopology',
        'machine',
        'topologyHints',
        'qosClass',
        'selinuxContext',
        'launcherContainerImageVersion',
        'runtimeUser',
        'changedBlockTracking',
      ),
      ...present({
        migrationState: slimState(status.migrationState, share),
        interfaces: status.interfaces?.map((one) => pick(one, 'name', 'ipAddress', 'infoSource')),
        volumeStatus: status.volumeStatus?.map((volume) =>
          pick(volume, 'name', 'phase', 'persistentVolumeClaimInfo', 'hotplugVolume', 'memoryDumpVolume'),
        ),
      }),
    },
  }),
  migrations: slimMigration,
  claims: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata, false),
    spec: pick(spec, 'accessModes', 'storageClassName', 'volumeMode', 'volumeName', 'resources'),
    status: pick(status, 'phase', 'accessModes', 'capacity'),
  }),
  storageClasses: ({ metadata, provisioner, parameters, volumeBindingMode, allowedTopologies }) => ({
    metadata: slimMeta(metadata),
    provisioner,
    // Some provisioners took passwords as parameters; only what tells the kind of storage is kept.
    parameters: pick(parameters, 'backendType', 'type', 'fsType', 'csi.storage.k8s.io/fstype'),
    volumeBindingMode,
    allowedTopologies,
  }),
  pods: slimPod,
  daemonSets: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec: {
      ...pick(spec, 'selector', 'updateStrategy'),
      template: {
        metadata: spec && slimMeta(spec.template.metadata as ObjectMeta),
        spec: pick(spec?.template.spec, 'nodeSelector', 'affinity', 'tolerations'),
      },
    },
    status,
  }),
  kubeVirts: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec: pick(spec, 'configuration', 'workloadUpdateStrategy', 'workloads'),
    status: pick(
      status,
      'phase',
      'conditions',
      'observedKubeVirtVersion',
      'targetKubeVirtVersion',
      'outdatedVirtualMachineInstanceWorkloads',
      'defaultArchitecture',
    ),
  }),
  hyperConvergeds: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec,
    status: pick(status, 'versions', 'conditions', 'infrastructureHighlyAvailable'),
  }),
  migrationPolicies: ({ metadata, spec }) => ({ metadata: slimMeta(metadata), spec }),
  networkAttachments: ({ metadata, spec }) => ({ metadata: slimMeta(metadata), spec }),
  nodeNetworkPolicies: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec,
    status: pick(status, 'conditions'),
  }),
  nodeNetworkStates: ({ metadata, status }) => ({
    metadata: slimMeta(metadata),
    status: { currentState: slimNetwork(status?.currentState) },
  }),
  resourceQuotas: ({ metadata, spec, status }) => ({ metadata: slimMeta(metadata), spec, status }),
  limitRanges: ({ metadata, spec }) => ({ metadata: slimMeta(metadata), spec }),
  disruptionBudgets: ({ metadata, spec, status }) => ({
    metadata: slimMeta(metadata),
    spec,
    status: pick(status, 'currentHealthy', 'desiredHealthy', 'disruptionsAllowed', 'expectedPods'),
  }),
  namespaces: ({ metadata }) => ({ metadata: slimMeta(metadata) }),
  // There are as many as claims; what decides is where they can be reached, and who attaches them.
  volumes: ({ metadata, spec }, share) => ({
    metadata: { name: metadata.name },
    ...present({
      spec: share(
        present({
          nodeAffinity: spec?.nodeAffinity,
          csi: spec?.csi === undefined ? undefined : { driver: spec.csi.driver },
        }),
      ),
    }),
  }),
  csiNodes: ({ metadata, spec }) => ({
    metadata: { name: metadata.name },
    spec: { drivers: spec?.drivers?.map((driver) => pick(driver, 'name', 'allocatable')) },
  }),
  deschedulers: ({ metadata, spec }) => ({
    metadata: slimMeta(metadata),
    spec: pick(
      spec,
      'managementState',
      'mode',
      'profiles',
      'deschedulingIntervalSeconds',
      'evictionLimits',
      'profileCustomizations',
    ),
  }),
};
