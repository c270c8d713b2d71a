import type {
  DaemonSet,
  KubeObject,
  KubeVirt,
  Node,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  VmiSpec,
} from '../objects.ts';
import { API_VERSION, type Snapshot, type SnapshotList } from '../snapshot.ts';

// A small cluster in the shapes that the recordings show, for tests. Everything can be overridden.

export const NAMESPACE = 'vms';

export function node(name: string, change: (node: Node) => void = () => undefined): Node {
  const object: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/arch': 'amd64',
        'kubevirt.io/schedulable': 'true',
        'host-model-cpu.node.kubevirt.io/Skylake-Server': 'true',
        'host-model-required-features.node.kubevirt.io/vmx': 'true',
        'cpu-model-migration.node.kubevirt.io/Skylake-Server': 'true',
        'cpu-feature.node.kubevirt.io/vmx': 'true',
        'machine-type.node.kubevirt.io/pc-q35-9.2': 'true',
        'topology.kubernetes.io/zone': 'a',
      },
    },
    spec: {},
    status: {
      allocatable: {
        cpu: '64',
        memory: '256Gi',
        pods: '250',
        'ephemeral-storage': '456Gi',
        'devices.kubevirt.io/kvm': '1k',
        'devices.kubevirt.io/tun': '1k',
        'devices.kubevirt.io/vhost-net': '1k',
      },
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      nodeInfo: { osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20251015-1' } as never,
    },
  };
  change(object);
  return object;
}

export function handlerPod(on: string, ready = true): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `virt-handler-${on}`, namespace: 'openshift-cnv', labels: { 'kubevirt.io': 'virt-handler' } },
    spec: {
      nodeName: on,
      containers: [{ name: 'virt-handler', resources: { requests: { cpu: '10m', memory: '325Mi' } } }],
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

export interface VmOptions {
  /** Undefined: the VM is stopped. */
  on?: string | undefined;
  namespace?: string;
  memory?: string;
  /** Names of claims. */
  claims?: string[];
  spec?: Partial<VmiSpec>;
  labels?: Record<string, string>;
  change?: (objects: { vm: VirtualMachine; vmi: VirtualMachineInstance; pod: Pod }) => void;
}

/** A VM with its VMI and launcher pod if it runs. */
export function vm(name: string, options: VmOptions = {}): KubeObject[] {
  const { on, namespace = NAMESPACE, memory = '4Gi', claims = [], labels = {} } = options;
  const uid = `uid-${namespace}-${name}`;
  const spec: VmiSpec = {
    architecture: 'amd64',
    domain: { cpu: { cores: 2, model: 'host-model' }, memory: { guest: memory }, devices: {}, resources: {} },
    evictionStrategy: 'LiveMigrate',
    volumes: claims.map((claimName, index) => ({ name: `disk${index}`, persistentVolumeClaim: { claimName } })),
    ...options.spec,
  };
  const virtualMachine: VirtualMachine = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace },
    spec: { runStrategy: 'Always', template: { metadata: { labels }, spec } },
    status: { printableStatus: on === undefined ? 'Stopped' : 'Running' },
  };
  const instance: VirtualMachineInstance = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name, namespace, uid, labels },
    spec,
    status: {
      phase: 'Running',
      ...(on !== undefined && { nodeName: on }),
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'LiveMigratable', status: 'True' },
        { type: 'StorageLiveMigratable', status: 'True' },
      ] as never,
    },
  };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `virt-launcher-${name}`,
      namespace,
      labels: { ...labels, 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': uid },
    },
    spec: {
      ...(on !== undefined && { nodeName: on }),
      ...(spec.affinity !== undefined && { affinity: spec.affinity }),
      nodeSelector: {
        'kubernetes.io/arch': 'amd64',
        'kubevirt.io/schedulable': 'true',
        'machine-type.node.kubevirt.io/pc-q35-9.2': 'true',
        ...spec.nodeSelector,
      },
      containers: [
        {
          name: 'compute',
          resources: {
            requests: {
              cpu: '200m',
              memory: `${Number.parseInt(memory, 10) * 1024 + 276}Mi`,
              'devices.kubevirt.io/kvm': '1',
              'devices.kubevirt.io/tun': '1',
            },
          },
        },
      ],
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
  options.change?.({ vm: virtualMachine, vmi: instance, pod });
  return on === undefined ? [virtualMachine] : [virtualMachine, instance, pod];
}

export function claim(
  name: string,
  change: Partial<PersistentVolumeClaim['spec']> = {},
  namespace = NAMESPACE,
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteMany'], storageClassName: 'nfs', volumeMode: 'Filesystem', ...change },
    status: { phase: 'Bound' },
  };
}

export function storageClass(name: string, provisioner: string, parameters?: Record<string, string>): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner,
    ...(parameters !== undefined && { parameters }),
  };
}

export function migration(
  name: string,
  vmi: string,
  phase: string,
  change: (object: VirtualMachineInstanceMigration) => void = () => undefined,
): VirtualMachineInstanceMigration {
  const object: VirtualMachineInstanceMigration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { vmiName: vmi },
    status: { phase },
  };
  change(object);
  return object;
}

export function kubeVirt(migrations: Record<string, unknown> = {}): KubeVirt {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'KubeVirt',
    metadata: { name: 'kubevirt-kubevirt-hyperconverged', namespace: 'openshift-cnv' },
    spec: { configuration: { migrations } },
    status: { observedKubeVirtVersion: 'v1.6.6' },
  };
}

export function daemonSet(wanted: number, ready = wanted): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'virt-handler', namespace: 'openshift-cnv' },
    spec: {} as never,
    status: { desiredNumberScheduled: wanted, numberReady: ready, updatedNumberScheduled: wanted } as never,
  };
}

const listOfKind: Record<string, SnapshotList> = {
  Node: 'nodes',
  VirtualMachine: 'virtualMachines',
  VirtualMachineInstance: 'virtualMachineInstances',
  VirtualMachineInstanceMigration: 'migrations',
  PersistentVolumeClaim: 'claims',
  StorageClass: 'storageClasses',
  Pod: 'pods',
  DaemonSet: 'daemonSets',
  KubeVirt: 'kubeVirts',
  HyperConverged: 'hyperConvergeds',
  MigrationPolicy: 'migrationPolicies',
  NetworkAttachmentDefinition: 'networkAttachments',
  NodeNetworkConfigurationPolicy: 'nodeNetworkPolicies',
  NodeNetworkState: 'nodeNetworkStates',
  ResourceQuota: 'resourceQuotas',
  LimitRange: 'limitRanges',
  CSINode: 'csiNodes',
  PodDisruptionBudget: 'disruptionBudgets',
  Namespace: 'namespaces',
  PersistentVolume: 'volumes',
  KubeDescheduler: 'deschedulers',
};

/** A Snapshot of these objects, in any order; lists that have none are known to be empty. */
export function snapshotOf(objects: KubeObject[], change: (snapshot: Snapshot) => void = () => undefined): Snapshot {
  const lists = Object.fromEntries(
    Object.values(listOfKind).map((name) => [name, { known: true, items: [] as KubeObject[] }]),
  );
  for (const object of objects) {
    const list = lists[listOfKind[object.kind] ?? ''];
    if (list === undefined) throw new Error(`no list holds objects of kind ${object.kind}`);
    list.items.push(object);
  }
  const snapshot = {
    apiVersion: API_VERSION,
    kind: 'Snapshot',
    takenAt: '2026-01-02T03:04:05.000Z',
    namespaces: [],
    versions: { kubernetes: 'v1.33.5', kubevirt: 'v1.6.6', hyperConverged: '1.16.0', openshift: true },
    lists,
  } as unknown as Snapshot;
  change(snapshot);
  return snapshot;
}

/** `count` healthy nodes n1, n2, ... with virt-handler on each, and KubeVirt. */
export function nodes(count: number, change: (node: Node, index: number) => void = () => undefined): KubeObject[] {
  const all = Array.from({ length: count }, (_, index) => node(`n${index + 1}`, (object) => change(object, index)));
  return [...all, ...all.map(({ metadata }) => handlerPod(metadata.name)), daemonSet(count), kubeVirt()];
}
