import type { CsiNode, KubeObject, Node } from '../../model/objects.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { KubeVirtVersion } from '../../model/versions/index.ts';
import { type Store, seconds } from '../api/store.ts';
import type { Cluster } from '../cluster.ts';
import { networkStateObject } from '../controllers/nmstate.ts';
import { freshNetwork } from '../controllers/nmstate-hardware.ts';
import { releaseLabels } from '../controllers/node-labeller.ts';
import { resources } from '../resources.ts';
import type { NodeGroup, Scenario, StorageKind } from './scenario.ts';

const FEATURES = ['hypervisor', 'invtsc', 'md-clear', 'pdpe1gb', 'ss', 'ssbd', 'umip', 'vmx'];
const MODELS: Record<string, string[]> = {
  'Cascadelake-Server': ['Cascadelake-Server', 'Haswell-noTSX', 'Nehalem', 'SandyBridge', 'Skylake-Server'],
  SapphireRapids: [
    'Cascadelake-Server',
    'Haswell-noTSX',
    'Icelake-Server',
    'Nehalem',
    'SandyBridge',
    'SapphireRapids',
    'Skylake-Server',
  ],
};
/** Kept from pods: system and kube reserved of an OpenShift node, memory and millicores. */
const RESERVED = { memory: 3 * 2 ** 30, cpu: 500 };

export interface BuiltNode {
  name: string;
  address: string;
  group: NodeGroup;
  runsVms: boolean;
  /** Position among all nodes. */
  index: number;
}

export function nodesIn(scenario: Scenario): BuiltNode[] {
  let index = 0;
  return scenario.nodes.flatMap((group) =>
    Array.from({ length: group.count }, (_, number) => {
      const at = index++;
      return {
        name: `${group.prefix}-${number}`,
        address: `10.0.${Math.floor((at + 10) / 250)}.${((at + 10) % 250) + 1}`,
        group,
        runsVms: group.role === 'worker' || group.runsVms === true,
        index: at,
      };
    }),
  );
}

/** A node as OpenShift installs it, with the labels that virt-handler's labeller gives it, and its lease. */
export function createNode(cluster: Cluster, node: BuiltNode, number: number, born: string): void {
  const { group, name } = node;
  const time = seconds(cluster.clock.now());
  const memory = bytesOf(group.memory);
  const huge = Object.entries(group.hugepages ?? {});
  const hugeBytes = huge.reduce((sum, [, amount]) => sum + bytesOf(amount), 0);
  const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;
  const shared: Record<string, string> = {
    'ephemeral-storage': '456Gi',
    pods: '250',
    ...Object.fromEntries(huge.map(([size, amount]) => [`hugepages-${size}`, amount])),
  };
  const devices: Record<string, string> = {};
  if (node.runsVms) {
    const encrypting = group.confidential === undefined ? [] : [group.confidential];
    for (const device of ['kvm', 'tun', 'vhost-net', ...encrypting]) devices[`devices.kubevirt.io/${device}`] = '1k';
    if (group.devices !== undefined)
      devices[group.devices.resource] = number < group.devices.onNodes ? String(group.devices.count) : '0';
  }
  const object: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      creationTimestamp: born,
      labels: labelsOf(node, cluster.version),
      annotations: {
        ...(node.runsVms ? { 'kubevirt.io/heartbeat': time } : {}),
        'machineconfiguration.openshift.io/state': 'Done',
        'node.alpha.kubernetes.io/ttl': '0',
      },
    },
    spec:
      group.role === 'control-plane' && group.runsVms !== true
        ? { taints: [{ key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' }] }
        : {},
    status: {
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: name },
      ],
      capacity: { cpu: String(group.cores), memory: kibi(memory), ...shared, ...devices },
      allocatable: {
        cpu: `${group.cores * 1000 - RESERVED.cpu}m`,
        memory: kibi(memory - hugeBytes - RESERVED.memory),
        ...shared,
        ...devices,
      },
      conditions: [
        ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
        ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
        ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
        ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
      ].map(([type, status, reason, message]) => ({
        type: type ?? '',
        status: status ?? '',
        reason: reason ?? '',
        message: message ?? '',
        lastHeartbeatTime: time,
        lastTransitionTime: born,
      })),
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } as never },
      nodeInfo: {
        architecture: 'amd64',
        bootID: cluster.random.fork(`boot/${name}`).uuid(),
        containerRuntimeVersion: cluster.version.node.containerRuntime,
        kernelVersion: cluster.version.node.kernel,
        kubeProxyVersion: '',
        kubeletVersion: cluster.version.kubernetes,
        machineID: cluster.random.fork(`machine/${name}`).uuid().replaceAll('-', ''),
        operatingSystem: 'linux',
        osImage: cluster.version.node.osImage,
        systemUUID: cluster.random.fork(`system/${name}`).uuid(),
      },
    },
  };
  cluster.store.create(resources.nodes, object);
  createLease(cluster.store, name, cluster.clock.now());
}

function labelsOf({ group, name, runsVms }: BuiltNode, version: KubeVirtVersion): Record<string, string> {
  const labels: Record<string, string> = {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node.openshift.io/os_id': 'rhel',
    [`node-role.kubernetes.io/${group.role}`]: '',
  };
  if (group.role === 'control-plane') labels['node-role.kubernetes.io/master'] = '';
  if (!runsVms) return labels;
  labels['node-role.kubernetes.io/worker'] = '';
  const model = group.cpuModel ?? 'Cascadelake-Server';
  for (const usable of MODELS[model] ?? [model]) {
    labels[`cpu-model.node.kubevirt.io/${usable}`] = 'true';
    labels[`cpu-model-migration.node.kubevirt.io/${usable}`] = 'true';
  }
  for (const feature of FEATURES) {
    labels[`cpu-feature.node.kubevirt.io/${feature}`] = 'true';
    labels[`host-model-required-features.node.kubevirt.io/${feature}`] = 'true';
  }
  return {
    ...labels,
    [`host-model-cpu.node.kubevirt.io/${model}`]: 'true',
    'cpu-timer.node.kubevirt.io/tsc-frequency': '2900000000',
    'cpu-timer.node.kubevirt.io/tsc-scalable': 'true',
    [`cpu-vendor.node.kubevirt.io/${group.confidential === 'sev' ? 'AMD' : 'Intel'}`]: 'true',
    ...Object.fromEntries(encryptions(group, version).map((name) => [`kubevirt.io/${name}`, 'true'])),
    ...releaseLabels(version, group.cpuManager === true),
    'kubevirt.io/ksm-enabled': 'false',
    'kubevirt.io/schedulable': 'true',
    'scheduling.node.kubevirt.io/tsc-frequency-2900000000': 'true',
  };
}

/** What the kubelet writes as CSI drivers register on a node. */
export function createCsiNode(
  { store }: Cluster,
  storage: readonly StorageKind[],
  { name }: BuiltNode,
  born: string,
): void {
  const drivers = Map.groupBy(storage, ({ provisioner }) => provisioner);
  const object: CsiNode = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name, creationTimestamp: born },
    spec: {
      drivers: [...drivers].map(([driver, kinds]) => {
        const count = kinds.find(({ attachLimit }) => attachLimit !== undefined)?.attachLimit;
        return {
          name: driver,
          nodeID: name,
          topologyKeys: [],
          ...(count === undefined ? {} : { allocatable: { count } }),
        };
      }),
    },
  };
  store.create(resources.csiNodes, object);
}

/** SEV-SNP and TDX came with v1.7. */
function encryptions({ confidential }: NodeGroup, { minor }: KubeVirtVersion): string[] {
  if (confidential === 'sev') return ['sev', 'sev-es', ...(minor >= 7 ? ['sev-snp'] : [])];
  return confidential === 'tdx' && minor >= 7 ? ['tdx'] : [];
}

function createLease(store: Store, node: string, time: number): void {
  const lease: KubeObject & { spec: object } = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: node, namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: node,
      leaseDurationSeconds: 40,
      renewTime: new Date(time).toISOString().replace('Z', '000Z'),
    },
  };
  store.create(resources.leases, lease);
}

/** NMState's report of a node: the NIC of the cluster network under br-ex, and those that nothing uses yet. */
export function createNetworkState(
  store: Store,
  scenario: Scenario,
  { name, address, group, runsVms }: BuiltNode,
): void {
  const node = store.get<Node>(resources.nodes, undefined, name);
  if (node === undefined) return;
  const dedicated = runsVms ? scenario.migrationNetwork : undefined;
  const spare = dedicated === undefined ? [] : [{ name: dedicated.interface, gbps: dedicated.gbps }];
  const first = { name: 'eno1', gbps: group.nicGbps, ...(group.mtu === undefined ? {} : { mtu: group.mtu }) };
  store.create(
    resources.nodeNetworkStates,
    networkStateObject(node, freshNetwork(address, [first, ...spare, ...(group.nics ?? [])])),
  );
}
