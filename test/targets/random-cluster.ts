import * as fc from 'fast-check';
import type { Cluster } from '../../src/lab/cluster.ts';
import { launcherPod } from '../../src/lab/controllers/launcher-pod.ts';
import { resources } from '../../src/lab/resources.ts';
import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { local, nfs } from '../../src/lab/scenarios/storage.ts';
import type { Node, Pod, VirtualMachine, VirtualMachineInstance, VmiSpec } from '../../src/model/objects.ts';

// Small clusters in which nearly everything that the scheduler looks at is different from node to node.

const NAMESPACES = ['shop', 'bank'];
const CPU = 'node.kubevirt.io';

type NodeChange = (node: Node) => void;

const label =
  (key: string, value: string | undefined): NodeChange =>
  ({ metadata: { labels = {} } }) => {
    if (value === undefined) delete labels[key];
    else labels[key] = value;
  };

const taint =
  (key: string, effect: string, value?: string): NodeChange =>
  (node) => {
    node.spec = {
      ...node.spec,
      taints: [...(node.spec?.taints ?? []), { key, effect, ...(value !== undefined && { value }) }],
    };
  };

const allocatable =
  (name: string, amount: string): NodeChange =>
  (node) => {
    node.status = { ...node.status, allocatable: { ...node.status?.allocatable, [name]: amount } };
  };

const condition =
  (type: string, status: string, ...taints: [key: string, effect: string][]): NodeChange =>
  (node) => {
    for (const each of node.status?.conditions ?? []) if (each.type === type) each.status = status;
    for (const [key, effect] of taints) taint(key, effect)(node);
  };

const nodeChange: fc.Arbitrary<NodeChange> = fc.constantFrom<NodeChange[]>(
  (node) => {
    node.spec = { ...node.spec, unschedulable: true };
    taint('node.kubernetes.io/unschedulable', 'NoSchedule')(node);
  },
  taint('gpu', 'NoSchedule', 'only'),
  taint('gpu', 'NoExecute'),
  taint('gpu', 'PreferNoSchedule'),
  condition(
    'Ready',
    'Unknown',
    ['node.kubernetes.io/unreachable', 'NoSchedule'],
    ['node.kubernetes.io/unreachable', 'NoExecute'],
  ),
  condition('MemoryPressure', 'True', ['node.kubernetes.io/memory-pressure', 'NoSchedule']),
  condition('DiskPressure', 'True', ['node.kubernetes.io/disk-pressure', 'NoSchedule']),
  label('kubevirt.io/schedulable', 'false'),
  label('disk', 'ssd'),
  label('disk', 'hdd'),
  label('gen', '3'),
  label('gen', 'three'),
  label('topology.kubernetes.io/zone', 'b'),
  label('topology.kubernetes.io/zone', undefined),
  label(`cpu-feature.${CPU}/vmx`, undefined),
  label(`cpu-model-migration.${CPU}/Cascadelake-Server`, undefined),
  label(`cpu-model.${CPU}/Nehalem`, undefined),
  label(`host-model-cpu.${CPU}/Cascadelake-Server`, undefined),
  label(`cpu-vendor.${CPU}/Intel`, undefined),
  label('node-labeller.kubevirt.io/obsolete-host-model', 'Cascadelake-Server'),
  label(`machine-type.${CPU}/pc-q35-rhel9.6.0`, undefined),
  label('kubevirt.io/realtime', 'true'),
  label('kubevirt.io/sev', 'true'),
  label('kubevirt.io/sev-snp', 'true'),
  label('kubevirt.io/tdx', 'true'),
  allocatable('devices.kubevirt.io/sev', '1k'),
  label('cpumanager', 'true'),
  label('kubevirt.io/cpumanager', 'true'),
  label('scheduling.node.kubevirt.io/tsc-frequency-2900000000', undefined),
  allocatable('memory', '17Gi'),
  allocatable('memory', '12Gi'),
  allocatable('cpu', '4'),
  allocatable('cpu', '2'),
  allocatable('pods', '20'),
  allocatable('hugepages-1Gi', '4Gi'),
  allocatable('hugepages-1Gi', '3Gi'),
  allocatable('devices.kubevirt.io/kvm', '0'),
  allocatable('ephemeral-storage', '90M'),
);

const app = fc.constantFrom('web', 'db');
const topologyKey = fc.constantFrom('kubernetes.io/hostname', 'topology.kubernetes.io/zone');
const labelSelector = fc.oneof(
  app.map((name) => ({ matchLabels: { app: name } })),
  fc.constantFrom(
    {},
    { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] },
  ),
);
const podTerm = fc.record(
  {
    topologyKey,
    labelSelector,
    namespaces: fc.subarray(NAMESPACES, { minLength: 1 }),
    namespaceSelector: fc.constantFrom({}, { matchLabels: { team: 'shop' } }, { matchLabels: { team: 'none' } }),
  },
  { requiredKeys: ['topologyKey', 'labelSelector'] },
);
const podTerms = fc
  .array(podTerm, { minLength: 1, maxLength: 2 })
  .map((terms) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms }));
const requirement = fc.constantFrom(
  { key: 'disk', operator: 'In', values: ['ssd', 'nvme'] },
  { key: 'disk', operator: 'NotIn', values: ['hdd'] },
  { key: 'disk', operator: 'Exists' },
  { key: 'gen', operator: 'DoesNotExist' },
  { key: 'gen', operator: 'Gt', values: ['2'] },
  { key: 'gen', operator: 'Lt', values: ['9'] },
);
const nodeTerms = fc
  .array(
    fc.record({
      matchExpressions: fc.array(requirement, { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((nodeSelectorTerms) => ({ requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } }));
const toleration = fc.constantFrom(
  { key: 'gpu', operator: 'Exists' },
  { key: 'gpu', operator: 'Equal', value: 'only', effect: 'NoSchedule' },
  { key: 'gpu', value: 'other' },
  { key: 'gpu', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
);
const spread = fc.record(
  {
    topologyKey,
    maxSkew: fc.integer({ min: 1, max: 2 }),
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'DoNotSchedule', 'ScheduleAnyway'),
    labelSelector,
    minDomains: fc.integer({ min: 1, max: 4 }),
    nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
    nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
    matchLabelKeys: fc.constant(['app']),
  },
  { requiredKeys: ['topologyKey', 'maxSkew', 'whenUnsatisfiable', 'labelSelector'] },
);

type Domain = VmiSpec['domain'];
type VmChange = (spec: VmiSpec, domain: Domain) => void;

const assign =
  (fields: object): VmChange =>
  (spec) => {
    Object.assign(spec, fields);
  };
const affinity =
  (fields: object): VmChange =>
  (spec) => {
    spec.affinity = { ...spec.affinity, ...fields };
  };
const cpu =
  (fields: object): VmChange =>
  (_, domain) => {
    domain.cpu = { ...domain.cpu, ...fields };
  };

const vmChange: fc.Arbitrary<VmChange> = fc.oneof(
  podTerms.map((podAffinity) => affinity({ podAffinity })),
  podTerms.map((podAntiAffinity) => affinity({ podAntiAffinity })),
  nodeTerms.map((nodeAffinity) => affinity({ nodeAffinity })),
  fc
    .array(spread, { minLength: 1, maxLength: 2 })
    .map((topologySpreadConstraints) => assign({ topologySpreadConstraints })),
  fc.array(toleration, { minLength: 1, maxLength: 3 }).map((tolerations) => assign({ tolerations })),
  fc.constantFrom<VmChange[]>(
    assign({ nodeSelector: { disk: 'ssd' } }),
    assign({ nodeSelector: { 'kubernetes.io/hostname': 'worker-1' } }),
    cpu({ model: 'host-passthrough' }),
    cpu({ model: 'Nehalem' }),
    cpu({ model: 'Nehalem', features: [{ name: 'vmx', policy: 'forbid' }] }),
    cpu({ features: [{ name: 'vmx', policy: 'require' }] }),
    cpu({ dedicatedCpuPlacement: true }),
    ...[{ sev: {} }, { sev: { policy: { encryptedState: true } } }, { snp: {} }, { tdx: {} }].map(
      (launchSecurity): VmChange =>
        (_, domain) => {
          domain.launchSecurity = launchSecurity;
        },
    ),
    cpu({ dedicatedCpuPlacement: true, isolateEmulatorThread: true, realtime: {} }),
    // What a hot-plug does: the running pod knows nothing of it.
    cpu({ sockets: 12 }),
    (_, domain) => {
      domain.memory = { ...domain.memory, guest: '9Gi' };
    },
    (_, domain) => {
      domain.memory = { ...domain.memory, hugepages: { pageSize: '1Gi' } };
    },
    (_, domain) => {
      domain.resources = { requests: { cpu: '3', memory: '5Gi' } };
    },
    (_, domain) => {
      domain.resources = { overcommitGuestOverhead: true };
    },
    (_, domain) => {
      domain.devices.autoattachGraphicsDevice = false;
      domain.devices.tpm = {};
    },
  ),
);

export interface RandomVm {
  node: number;
  namespace: string;
  app: string;
  localDisk: boolean;
  /** A second disk. */
  more: boolean;
  /** Its pod is from before the changes. */
  stale: boolean;
  /** It has been migrated before: its pod asks for the CPU it had then. */
  pinned: boolean;
  changes: VmChange[];
}

export interface RandomCluster {
  /** How many volumes of the shared kind a node takes. */
  attachLimit: number | undefined;
  nodes: NodeChange[][];
  vms: RandomVm[];
}

export const randomCluster: fc.Arbitrary<RandomCluster> = fc.record({
  attachLimit: fc.constantFrom(undefined, undefined, 1, 2, 3),
  nodes: fc.array(fc.array(nodeChange, { maxLength: 2 }), { minLength: 3, maxLength: 3 }),
  vms: fc.array(
    fc.record({
      node: fc.nat({ max: 2 }),
      namespace: fc.constantFrom(...NAMESPACES),
      app,
      localDisk: fc.constantFrom(true, false, false, false),
      more: fc.boolean(),
      stale: fc.boolean(),
      pinned: fc.boolean(),
      changes: fc.array(vmChange, { maxLength: 2 }),
    }),
    { minLength: 2, maxLength: 5 },
  ),
});

export function scenarioOf({ vms, attachLimit }: RandomCluster): Scenario {
  return {
    name: 'random',
    description: 'random',
    nodes: [{ prefix: 'worker', count: 3, role: 'worker', cores: 16, memory: '64Gi', sockets: 1, nicGbps: 10 }],
    namespaces: NAMESPACES.map((name) => ({ name, labels: { team: name } })),
    storage: [{ ...nfs, ...(attachLimit !== undefined && { attachLimit }) }, local],
    vms: vms.map((vm, index) => ({
      name: `vm${index}`,
      namespace: vm.namespace,
      cores: 2,
      memory: '4Gi',
      node: `worker-${vm.node}`,
      labels: { app: vm.app },
      disks: [
        { name: 'root', storage: (vm.localDisk ? local : nfs).name, size: '10Gi' },
        ...(vm.more ? [{ name: 'data', storage: nfs.name, size: '10Gi' }] : []),
      ],
      ageDays: 1,
    })),
  };
}

/** Changes a freshly built lab: nodes, VMs with their VMIs, and the pods that run them. */
export function applyChanges(cluster: Cluster, { nodes, vms }: RandomCluster): void {
  const { store } = cluster;
  nodes.forEach((changes, index) => {
    const node = structuredClone(store.get<Node>(resources.nodes, undefined, `worker-${index}`)!);
    label('topology.kubernetes.io/zone', 'a')(node);
    for (const change of changes) change(node);
    store.update(resources.nodes, node);
  });
  vms.forEach(({ namespace, changes, stale, pinned }, index) => {
    const vmi = structuredClone(store.get<VirtualMachineInstance>(resources.vmis, namespace, `vm${index}`)!);
    for (const change of changes) change(vmi.spec, vmi.spec.domain);
    store.update(resources.vmis, vmi);
    const vm = structuredClone(store.get<VirtualMachine>(resources.vms, namespace, `vm${index}`)!);
    vm.spec.template.spec = structuredClone(vmi.spec);
    store.update(resources.vms, vm);
    const pod = podOf(cluster, vmi);
    const fresh = structuredClone(pod);
    if (!stale) {
      const { nodeName } = pod.spec!;
      fresh.spec = { ...launcherPod(cluster, vmi).spec!, nodeName: nodeName! };
    }
    if (pinned) {
      Object.assign(fresh.spec!.nodeSelector!, {
        [`cpu-model-migration.${CPU}/Skylake-Server`]: 'true',
        [`cpu-feature.${CPU}/vmx`]: 'true',
      });
    }
    store.update(resources.pods, fresh);
  });
}

export function podOf({ store }: Pick<Cluster, 'store'>, vmi: VirtualMachineInstance): Pod {
  const pod = store
    .list<Pod>(resources.pods)
    .find(({ metadata }) => metadata.labels?.['kubevirt.io/created-by'] === vmi.metadata.uid);
  if (pod === undefined) throw new Error(`no pod of ${vmi.metadata.name}`);
  return pod;
}
