import * as fc from 'fast-check';
import type { NodeGroup, Scenario } from '../../src/lab/scenarios/scenario.ts';
import { iscsiBlock, iscsiFilesystem, local, nfs } from '../../src/lab/scenarios/storage.ts';

// A random cluster, as data: its nodes, what is done to them, its VMs, and the moves that are tried.

const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
/** Mostly `usual`, now and then one of the others: a VM in which everything is odd can't move for a dozen reasons at once. */
const seldom = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: pick(...others) });

const nodes = fc.array(
  fc.record({
    cores: pick(4, 8, 16),
    memory: pick('24Gi', '48Gi'),
    cpuModel: seldom('Cascadelake-Server', 'SapphireRapids', 'Skylake-Server'),
    hugepages: seldom<Record<string, string> | undefined>(undefined, { '2Mi': '8Gi' }),
    cpuManager: seldom(false, true),
    device: seldom(false, true),
    confidential: seldom<'sev' | 'tdx' | undefined>(undefined, 'sev', 'tdx'),
    /** Functions of a NIC for SR-IOV. */
    functions: pick(0, 1, 4),
  }),
  { minLength: 2, maxLength: 5 },
);

/** What happens to a node before the moves are tried. */
export type NodeChange = 'none' | 'cordon' | 'taint' | 'zone-b' | 'no-zone' | 'unlabelled-cpu' | 'silent';
const nodeChange = fc.oneof(
  { weight: 6, arbitrary: fc.constant<NodeChange>('none') },
  { weight: 1, arbitrary: pick<NodeChange>('cordon', 'taint', 'zone-b', 'no-zone', 'unlabelled-cpu', 'silent') },
);

const vm = fc.record({
  cores: pick(1, 2, 4),
  memory: pick('1Gi', '2Gi', '4Gi', '8Gi'),
  /** Access mode and storage class of its disks. */
  disks: fc.array(seldom('shared', 'block', 'rwo', 'local'), { maxLength: 2 }),
  selector: seldom('none', 'zone', 'hostname'),
  affinity: seldom('none', 'apart', 'together', 'node-affinity'),
  tolerates: seldom(false, true),
  cpu: seldom('default', 'host-passthrough', 'Haswell-noTSX', 'Skylake-Server', 'SapphireRapids'),
  dedicated: seldom(false, true),
  hugepages: seldom(false, true),
  device: seldom<'none' | 'device' | 'gpu'>('none', 'device', 'gpu'),
  network: seldom('masquerade', 'bridge', 'bridge-allowed', 'none', 'sriov'),
  strategy: seldom<string | undefined>(undefined, 'LiveMigrate', 'LiveMigrateIfPossible', 'None', 'External'),
  extra: seldom('none', 'host-disk', 'container-disk', 'cloud-init', 'sev', 'snp', 'tdx', 'config-map'),
  stopped: seldom(false, true),
  /** Plugged in while it runs: access mode and storage class, as of its disks. */
  plugged: seldom<string | undefined>(undefined, 'shared', 'block', 'rwo', 'unbound'),
});

const namespaceLimit = seldom('none', 'no-room', 'some-room', 'stated');
/** What a LimitRange of the namespace says of containers and pods. */
export const LIMITS: Record<string, object[]> = {
  roomy: [{ type: 'Container', default: { cpu: '8', memory: '32Gi' }, max: { memory: '64Gi' } }],
  narrow: [{ type: 'Container', max: { memory: '4Gi' } }],
  low: [{ type: 'Container', default: { memory: '2Gi' } }],
  least: [{ type: 'Container', min: { cpu: '150m' } }],
  ratio: [{ type: 'Container', default: { cpu: '2' }, maxLimitRequestRatio: { cpu: '12' } }],
  'whole-pod': [
    { type: 'Pod', max: { memory: '5Gi' } },
    { type: 'Container', default: { memory: '5Gi' } },
  ],
};
const limitRange = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none') },
  { weight: 1, arbitrary: pick(...Object.keys(LIMITS)) },
);

export const clusters = fc.record({
  release: pick('4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'),
  nodes,
  nodeChanges: fc.array(nodeChange, { minLength: 5, maxLength: 5 }),
  vms: fc.array(vm, { minLength: 3, maxLength: 7 }),
  quota: namespaceLimit,
  limits: limitRange,
  /** How many volumes the NFS and iSCSI driver attaches to a node. */
  attachLimit: seldom<number | undefined>(undefined, 2, 4),
  seed: fc.integer({ min: 1, max: 1e6 }),
  /** For each VM: the node it is to go to, or any. */
  targets: fc.array(fc.option(fc.nat(4), { nil: undefined }), { minLength: 7, maxLength: 7 }),
});

export type RandomCluster = typeof clusters extends fc.Arbitrary<infer T> ? T : never;
export type RandomVm = RandomCluster['vms'][number];

const DEVICE = 'nvidia.com/A10';
export const FUNCTIONS = 'openshift.io/fast';

export function scenarioOf({ nodes: all, attachLimit }: RandomCluster): Scenario {
  const workers = all.map(
    (each, index): NodeGroup => ({
      prefix: `w${index}`,
      count: 1,
      role: 'worker',
      sockets: 1,
      nicGbps: 25,
      cores: each.cores,
      memory: each.memory,
      cpuModel: each.cpuModel,
      cpuManager: each.cpuManager,
      ...(each.hugepages && { hugepages: each.hugepages }),
      ...(each.confidential && { confidential: each.confidential }),
      ...(each.device && { devices: { resource: DEVICE, count: 2, onNodes: 1 } }),
    }),
  );
  return {
    name: 'random',
    description: 'a random cluster',
    nodes: [
      { prefix: 'cp', count: 1, role: 'control-plane', cores: 8, memory: '32Gi', sockets: 1, nicGbps: 10 },
      ...workers,
    ],
    namespaces: [{ name: 'vms', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } }],
    storage: [{ ...nfs, ...(attachLimit !== undefined && { attachLimit }) }, iscsiBlock, iscsiFilesystem, local],
    vms: [],
  };
}

const CLASSES: Record<string, { mode: string; volumeMode: string; class: string }> = {
  shared: { mode: 'ReadWriteMany', volumeMode: 'Filesystem', class: nfs.name },
  block: { mode: 'ReadWriteMany', volumeMode: 'Block', class: iscsiBlock.name },
  rwo: { mode: 'ReadWriteOnce', volumeMode: 'Filesystem', class: nfs.name },
  local: { mode: 'ReadWriteOnce', volumeMode: 'Filesystem', class: local.name },
  unbound: { mode: 'ReadWriteMany', volumeMode: 'Filesystem', class: 'nosuch' },
};

const claimOf = (name: string, kind: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'vms' },
  spec: {
    accessModes: [CLASSES[kind]?.mode],
    volumeMode: CLASSES[kind]?.volumeMode,
    storageClassName: CLASSES[kind]?.class,
    resources: { requests: { storage: '10Gi' } },
  },
});

export function claimsOf(name: string, { disks }: RandomVm): object[] {
  return disks.map((kind, index) => claimOf(`${name}-${index}`, kind));
}

/**
 * What is plugged into a VM: a claim, and the body of addvolume. Not where a node takes only so many volumes: the scheduler
 * finds a place for the launcher first, and then it is up to chance whether its node has one for the rest.
 */
export function pluggedInto(
  name: string,
  { plugged }: RandomVm,
  { attachLimit }: RandomCluster,
): { claim: object; options: object } | undefined {
  if (plugged === undefined || attachLimit !== undefined) return undefined;
  const claimName = `${name}-plugged`;
  return {
    claim: claimOf(claimName, plugged),
    options: {
      name: 'plugged',
      disk: { disk: { bus: 'scsi' } },
      volumeSource: { persistentVolumeClaim: { claimName } },
    },
  };
}

export function vmObject(name: string, vm: RandomVm, node: string): object {
  const extra: Record<string, [disk: object, volume: object]> = {
    'host-disk': [
      { name: 'extra', disk: { bus: 'virtio' } },
      { name: 'extra', hostDisk: { path: '/var/lib/extra.img', type: 'DiskOrCreate', capacity: '1Gi' } },
    ],
    'container-disk': [
      { name: 'extra', disk: { bus: 'virtio' } },
      { name: 'extra', containerDisk: { image: 'quay.io/containerdisks/fedora@sha256:00' } },
    ],
    'cloud-init': [
      { name: 'extra', disk: { bus: 'virtio' } },
      { name: 'extra', cloudInitNoCloud: { userData: '#cloud-config' } },
    ],
    'config-map': [
      { name: 'extra', disk: { bus: 'virtio' } },
      { name: 'extra', configMap: { name: 'config' } },
    ],
  };
  const [extraDisk, extraVolume] = extra[vm.extra] ?? [];
  const peers = (labels: object): object => ({
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } },
    ],
  });
  const affinity: Record<string, object> = {
    apart: { podAntiAffinity: peers({ group: 'apart' }) },
    together: { podAffinity: peers({ group: 'base' }) },
    'node-affinity': {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
        },
      },
    },
  };
  const labels = { group: vm.affinity === 'apart' ? 'apart' : 'base' };
  const bridge = vm.network === 'bridge' || vm.network === 'bridge-allowed';
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'vms' },
    spec: {
      runStrategy: vm.stopped ? 'Halted' : 'Always',
      template: {
        metadata: {
          labels,
          annotations: {
            ...(vm.network === 'bridge-allowed' && { 'kubevirt.io/allow-pod-bridge-network-live-migration': '' }),
          },
        },
        spec: {
          architecture: 'amd64',
          ...(vm.strategy !== undefined && { evictionStrategy: vm.strategy }),
          ...(vm.selector === 'zone' && { nodeSelector: { zone: 'a' } }),
          ...(vm.selector === 'hostname' && { nodeSelector: { 'kubernetes.io/hostname': node } }),
          ...(affinity[vm.affinity] && { affinity: affinity[vm.affinity] }),
          ...(vm.tolerates && { tolerations: [{ key: 'maintenance', operator: 'Exists' }] }),
          domain: {
            cpu: {
              cores: vm.cores,
              ...(vm.cpu !== 'default' && { model: vm.cpu }),
              ...(vm.dedicated && { dedicatedCpuPlacement: true }),
            },
            memory: { guest: vm.memory, ...(vm.hugepages && { hugepages: { pageSize: '2Mi' } }) },
            ...(['sev', 'snp', 'tdx'].includes(vm.extra) && {
              launchSecurity: { [vm.extra]: {} },
              firmware: { bootloader: { efi: { secureBoot: false } } },
            }),
            devices: {
              disks: [
                ...vm.disks.map((_, index) => ({ name: `d${index}`, disk: { bus: 'virtio' } })),
                ...(extraDisk ? [extraDisk] : []),
              ],
              ...(vm.network === 'none'
                ? { autoattachPodInterface: false }
                : {
                    interfaces: [
                      { name: 'default', ...(bridge ? { bridge: {} } : { masquerade: {} }) },
                      ...(vm.network === 'sriov' ? [{ name: 'fast', sriov: {} }] : []),
                    ],
                  }),
              ...(vm.device === 'device' && { hostDevices: [{ name: 'gpu', deviceName: DEVICE }] }),
              ...(vm.device === 'gpu' && { gpus: [{ name: 'gpu', deviceName: DEVICE }] }),
            },
          },
          ...(vm.network !== 'none' && {
            networks: [
              { name: 'default', pod: {} },
              ...(vm.network === 'sriov' ? [{ name: 'fast', multus: { networkName: 'fast' } }] : []),
            ],
          }),
          volumes: [
            ...vm.disks.map((_, index) => ({
              name: `d${index}`,
              persistentVolumeClaim: { claimName: `${name}-${index}` },
            })),
            ...(extraVolume ? [extraVolume] : []),
          ],
        },
      },
    },
  };
}
