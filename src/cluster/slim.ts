import type { NodeNetworkState, ObjectMeta, Pod, VirtualMachineInstanceMigration, VmiSpec } from '../model/objects.ts';
import type { SnapshotList, SnapshotLists } from '../model/snapshot.ts';

/** Stands where a secret was. */
const REDACTED = '(redacted)';

type Fields = Record<string, unknown>;
export type Share = (value: unknown) => unknown;
type Slim<T> = (object: T, share: Share) => Fields;

/** The named fields of an object that has them. */
function pick<T extends object, K extends keyof T>(object: T | undefined | null, ...names: K[]): Fields | undefined {
  if (object === undefined || object === null) return undefined;
  const picked: Fields = {};
  for (const name of names) if (object[name] !== undefined) picked[name as string] = object[name];
  return picked;
}

/** The fields without those that are undefined. (Deleting them instead would make V8 keep a hash table for each object.) */
function present(fields: Fields): Fields {
  const kept: Fields = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept;
}

/**
 * Gives equal values the same memory: the pods of a cluster have few different selectors, tolerations and requests.
 * One for each reading.
 */
export function sharing(): Share {
  const known = new Map<string, unknown>();
  return (value) => {
    if (value === undefined) return undefined;
    const key = JSON.stringify(value);
    const same = known.get(key);
    if (same !== undefined) return same;
    known.set(key, value);
    return value;
  };
}

// Annotations that say something about placement, migration or networks; any other may hold anything, even secrets.
const keptAnnotation =
  /^(([a-z0-9-]+\.)*kubevirt\.io|descheduler\.alpha\.kubernetes\.io|k8s\.(v1|ovn)\.cni\.cncf\.io|k8s\.ovn\.org|ferry\.run|machine\.openshift\.io|machineconfiguration\.openshift\.io|storageclass\.kubernetes\.io)\//;
/** What of a pod's requests and limits a LimitRange has set. */
const limitRanger = 'kubernetes.io/limit-ranger';
const droppedAnnotation = /^hooks\.kubevirt\.io\//;

function slimMeta(meta: ObjectMeta, keepLabels = true): Fields {
  const annotations: Record<string, string> = {};
  let any = false;
  for (const name in meta.annotations) {
    if (name !== limitRanger && (!keptAnnotation.test(name) || droppedAnnotation.test(name))) continue;
    annotations[name] = meta.annotations[name] ?? '';
    any = true;
  }
  return present({
    name: meta.name,
    namespace: meta.namespace,
    uid: meta.uid,
    resourceVersion: meta.resourceVersion,
    creationTimestamp: meta.creationTimestamp,
    deletionTimestamp: meta.deletionTimestamp,
    labels: keepLabels ? meta.labels : undefined,
    annotations: any ? annotations : undefined,
    ownerReferences: meta.ownerReferences?.map((owner) => pick(owner, 'apiVersion', 'kind', 'name', 'uid')),
  });
}

function slimProbe(probe: { exec?: object } | undefined): Fields | undefined {
  // Of a probe only matters whether it runs a command: virt-controller reserves memory for those.
  return probe === undefined ? undefined : present({ exec: probe.exec === undefined ? undefined : {} });
}

const inlineData = ['userData', 'userDataBase64', 'networkData', 'networkDataBase64'] as const;

function withoutInlineData<T extends object>(source: T): T {
  const copy = { ...source } as T & Partial<Record<(typeof inlineData)[number], string>>;
  for (const field of inlineData) if (copy[field] !== undefined) copy[field] = REDACTED as never;
  return copy;
}

/** A VMI spec without the secrets that may be in it, and without credentials. */
function slimVmiSpec(spec: VmiSpec): Fields {
  const { accessCredentials: _credentials, livenessProbe, readinessProbe, volumes, ...rest } = spec;
  return present({
    ...rest,
    livenessProbe: slimProbe(livenessProbe),
    readinessProbe: slimProbe(readinessProbe),
    volumes: volumes?.map((volume) => {
      const { cloudInitNoCloud, cloudInitConfigDrive } = volume;
      if (cloudInitNoCloud !== undefined) return { ...volume, cloudInitNoCloud: withoutInlineData(cloudInitNoCloud) };
      if (cloudInitConfigDrive === undefined) return volume;
      return { ...volume, cloudInitConfigDrive: withoutInlineData(cloudInitConfigDrive) };
    }),
  });
}

function slimContainers(containers: NonNullable<Pod['spec']>['containers'] | undefined): Fields[] | undefined {
  return containers?.map((container) =>
    present({
      name: container.name,
      restartPolicy: container.restartPolicy,
      resources:
        container.resources?.requests === undefined && container.resources?.limits === undefined
          ? undefined
          : pick(container.resources, 'requests', 'limits'),
    }),
  );
}

function claimsOf(volumes: NonNullable<Pod['spec']>['volumes']): Fields[] | undefined {
  const claims = volumes?.flatMap(({ name, persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [{ name, persistentVolumeClaim: { claimName: claim.claimName } }],
  );
  return claims === undefined || claims.length === 0 ? undefined : claims;
}

const podConditions = new Set(['Ready', 'PodScheduled', 'DisruptionTarget']);

const slimPod: Slim<Pod> = ({ metadata, spec, status }, share) => ({
  metadata: slimMeta(metadata),
  spec: spec && {
    ...pick(
      spec,
      'nodeName',
      'affinity',
      'overhead',
      'priority',
      'priorityClassName',
      'activeDeadlineSeconds',
      'schedulerName',
      'topologySpreadConstraints',
      'schedulingGates',
    ),
    ...present({
      nodeSelector: share(spec.nodeSelector),
      tolerations: share(spec.tolerations),
      resources: pick(spec.resources, 'requests'),
      initContainers: share(slimContainers(spec.initContainers)),
      // Which claims are attached to its node on its account.
      volumes: claimsOf(spec.volumes),
    }),
    containers: share(slimContainers(spec.containers) ?? []),
  },
  status: status && {
    ...pick(status, 'phase', 'reason', 'podIP', 'hostIP', 'startTime'),
    ...present({
      conditions: status.conditions
        ?.filter((condition) => podConditions.has(condition.type))
        .map((condition) => pick(condition, 'type', 'status', 'reason', 'message')),
      containerStatuses: status.containerStatuses?.map(({ name, ready, restartCount, state }) =>
        present({
          name,
          ready,
          restartCount,
          // Why it does not run; the messages of containers are their own, and may hold anything.
          state: present({
            waiting: pick(state?.waiting, 'reason'),
            terminated: pick(state?.terminated, 'reason', 'exitCode'),
          }),
        }),
      ),
    }),
  },
});

function slimState<T extends { migrationConfiguration?: unknown }>(state: T | undefined, share: Share): T | undefined {
  if (state?.migrationConfiguration === undefined) return state;
  return { ...state, migrationConfiguration: share(state.migrationConfiguration) };
}

const slimMigration: Slim<VirtualMachineInstanceMigration> = ({ metadata, spec, status }, share) =>
  present({
    metadata: slimMeta(metadata),
    spec,
    status: status && { ...status, ...present({ migrationState: slimState(status.migrationState, share) }) },
  });

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
