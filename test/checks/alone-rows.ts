import type { Scenario } from '../../src/lab/scenarios/scenario.ts';
import { local, nfs } from '../../src/lab/scenarios/storage.ts';
import { type Case, type Hand, type LabRow, paths, since, until } from './harness.ts';
import { label, on, plugged, policy, quota, vmim } from './steps.ts';

const HCO = '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged';
const place = (count: number): Scenario => ({
  name: 'alike',
  description: 'nodes that are alike',
  nodes: [{ prefix: 'same', count, role: 'worker', cores: 32, memory: '128Gi', sockets: 2, nicGbps: 10 }],
  namespaces: [],
  storage: [nfs],
  vms: [],
});
/** Claims of the default class are on one node only. */
const unshared: Scenario = { ...place(2), storage: [{ ...local, isDefault: true }] };
const tpm = (of: object, after?: Case['after']): Case => ({
  domain: { devices: { tpm: of } },
  ...(after && { after }),
});
const gate = (value: string) =>
  JSON.stringify([{ op: 'add', path: '/spec/configuration/developerConfiguration/featureGates/-', value }]);
const GATES = gate('VGPULiveMigration');
/** VMs run as root, in a namespace of this level. */
const asRoot = (level: string): Case => ({
  before: async (hand) => {
    await hand.merge(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': gate('Root') } } });
    hand.pass(10);
  },
  after: label(level),
});
const vgpus = (...names: string[]): Case => ({
  spec: { nodeSelector: {} },
  domain: { devices: { gpus: names.map((name) => ({ name, deviceName: 'nvidia.com/T4' })) } },
  before: async (hand) => {
    await hand.merge(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': GATES } } });
    hand.pass(10);
  },
});
const plugin = (name: string): Case => ({
  spec: { networks: [{ name: 'default', pod: {} }] },
  domain: { devices: { interfaces: [{ name: 'default', binding: { name } }] } },
  before: async (hand) => {
    await hand.merge(HCO, { spec: { networkBinding: { stays: {}, moves: { migration: {} } } } });
    hand.pass(10);
  },
});
/** virt-handler is gone, and what it said is lost. */
const unsaid = (node: string, stillThere: boolean) => async (hand: Hand) => {
  if (!stillThere) hand.fault({ name: 'virt-handler-crash', node });
  hand.pass(5);
  const vmi = await hand.get<{ status: { conditions: { type: string }[] } }>(paths.vmi);
  const conditions = vmi.status.conditions.filter(({ type }) => type !== 'LiveMigratable');
  await hand.merge(paths.vmi, { status: { conditions } });
  hand.pass(5);
};
/** Marked by an eviction, while the cluster allows so many migrations. */
const evicted = (parallelMigrationsPerCluster: number): Case => ({
  spec: { ...on('same-0').spec, evictionStrategy: 'LiveMigrate' },
  after: async (hand) => {
    await hand.merge(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster } } });
    hand.pass(5);
    const { status } = await hand.get<{ status: { nodeName: string } }>(paths.vmi);
    await hand.merge(paths.vmi, { status: { evacuationNodeName: status.nodeName } });
    hand.pass(20);
  },
});
const ranked = (own: string): Case => ({
  spec: { priorityClassName: own },
  before: async (hand) => {
    for (const [name, value] of [
      ['low', 10],
      ['high', 1000],
    ] as const) {
      const body = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value };
      await hand.create('/apis/scheduling.k8s.io/v1/priorityclasses', body);
    }
    await hand.create(paths.vms, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'important' },
      spec: {
        runStrategy: 'Always',
        template: { spec: { priorityClassName: 'high', domain: { memory: { guest: '1Gi' }, devices: {} } } },
      },
    });
  },
});
const migrated = (how: 'diverging' | 'calm'): Case => ({
  labels: { post: 'copy' },
  domain: { memory: { guest: '2Gi' } },
  after: async (hand) => {
    await policy({ allowPostCopy: true, allowWorkloadDisruption: true, completionTimeoutPerGiB: 5 }, 'copy')(hand);
    if (how === 'diverging') hand.fault({ name: 'migration-diverging', vm: `${hand.namespace}/web` });
    hand.pass(5);
    await hand.create(paths.migrations, vmim('first'));
    hand.pass(300);
  },
});
const model = (cpu: string): Case => ({
  domain: { cpu: { cores: 1, model: cpu } },
  after: async (hand) => {
    const { status } = await hand.get<{ status: { nodeName: string } }>(paths.vmi);
    const labels = { 'host-model-cpu.node.kubevirt.io/Cascadelake-Server': null };
    await hand.merge(`/api/v1/nodes/${status.nodeName}`, { metadata: { labels } });
  },
});
const scheduled = (node: string, label: string | null) => async (hand: Hand) => {
  await hand.merge(`/api/v1/nodes/${node}`, { metadata: { labels: { 'kubevirt.io/schedulable': label } } });
  const { items } = await hand.get<{ items: { metadata: { name: string }; spec: { nodeName: string } }[] }>(
    '/api/v1/namespaces/openshift-cnv/pods?labelSelector=kubevirt.io=virt-handler',
  );
  const pod = items.find(({ spec }) => spec.nodeName === node);
  await hand.remove(`/api/v1/namespaces/openshift-cnv/pods/${pod?.metadata.name ?? ''}`);
  hand.pass(40);
};

/** On two nodes, to which two volumes each can be attached; on the other one a VM has one. */
const attached = (elsewhere: boolean): Case => ({
  ...on('same-0'),
  claims: [
    ['root', 'ReadWriteMany'],
    ['data', 'ReadWriteMany'],
  ],
  before: async (hand) => {
    const spec = {
      accessModes: ['ReadWriteMany'],
      storageClassName: nfs.name,
      resources: { requests: { storage: '1Gi' } },
    };
    await hand.create(paths.claims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'other' },
      spec,
    });
    await hand.create(paths.vms, {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'other' },
      spec: {
        runStrategy: 'Always',
        template: {
          spec: {
            nodeSelector: { 'kubernetes.io/hostname': 'same-1' },
            domain: { memory: { guest: '1Gi' }, devices: {} },
            volumes: elsewhere ? [{ name: 'root', persistentVolumeClaim: { claimName: 'other' } }] : [],
          },
        },
      },
    });
  },
  after: async (hand) => {
    await hand.merge(paths.vm, { spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': null } } } } });
    hand.pass(10);
  },
});

/** Its blocks are tracked from its start on, and a backup of it began so many seconds ago. */
const backedUp = (seconds: number): Case => ({
  claims: [['data', 'ReadWriteMany']],
  before: async (hand) => {
    await hand.merge(HCO, {
      spec: {
        featureGates: { incrementalBackup: true },
        changedBlockTrackingLabelSelectors: { namespaceLabelSelector: { matchLabels: { backup: 'nightly' } } },
      },
    });
    await hand.create(paths.claims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'vault' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '20Gi' } } },
    });
    await hand.merge(paths.namespace, { metadata: { labels: { backup: 'nightly' } } });
    hand.pass(10);
  },
  after: async (hand) => {
    await hand.create('/apis/backup.kubevirt.io/v1alpha1/namespaces/{ns}/virtualmachinebackups', {
      apiVersion: 'backup.kubevirt.io/v1alpha1',
      kind: 'VirtualMachineBackup',
      metadata: { name: 'nightly' },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web' }, pvcName: 'vault' },
    });
    hand.pass(seconds);
  },
});

/** Rows that change their cluster so much that each has one of its own; or that are about a smaller one. */
export const aloneRows: LabRow[] = [
  {
    check: 'vm/backup',
    releases: since('4.22'),
    alone: true,
    case: { ...backedUp(4), settle: 0.1 },
    near: backedUp(300),
    said: ['warning', /backup nightly of it is under way/],
  },
  {
    check: 'storage/hotplugged-volumes',
    // Its migration never ends, and keeps its slot.
    alone: true,
    case: plugged('nosuch'),
    near: plugged('ontap-nas'),
    said: ['blocker', /its claim more has no storage yet \(Pending\)/],
  },
  {
    check: 'storage/hotplugged-volumes',
    title: 'on its way',
    alone: true,
    case: { ...plugged('ontap-nas'), settle: 0.3 },
    near: { ...plugged('ontap-nas'), settle: 10 },
    said: ['warning', /volume more is just being plugged/],
  },
  {
    check: 'storage/persistent-state',
    releases: until('4.17'),
    alone: unshared,
    case: tpm({ persistent: true }),
    near: tpm({}),
    said: ['blocker', /state of its TPM is on claim persistent-state-for-web, which only one node can mount/],
  },
  {
    check: 'quota/second-pod',
    title: 'the second claim of a TPM',
    releases: since('4.18'),
    alone: unshared,
    case: tpm({ persistent: true }, quota({ persistentvolumeclaims: '1' })),
    near: tpm({}, quota({ persistentvolumeclaims: '1' })),
    said: [
      'blocker',
      /second claim for the state of its TPM or UEFI: persistentvolumeclaims is 1 claim, 1 claim is used, and 1 claim more/,
    ],
  },
  {
    check: 'vm/running',
    title: 'stops',
    alone: true,
    case: {
      spec: { terminationGracePeriodSeconds: 3600 },
      after: (hand) => hand.merge(paths.vm, { spec: { runStrategy: 'Halted' } }),
      settle: 0.3,
    },
    near: { spec: { terminationGracePeriodSeconds: 3600 } },
    said: ['blocker', /the VM is being stopped/],
  },
  {
    check: 'vm/live-migratable',
    title: 'not said yet',
    alone: true,
    case: { ...on('same-1'), after: unsaid('same-1', false) },
    near: { ...on('same-1'), after: unsaid('same-1', true) },
    said: ['warning', /has not said yet whether it can live-migrate/],
  },
  {
    check: 'vm/host-devices',
    title: 'two vGPUs, and the gate is on',
    releases: since('next'),
    alone: true,
    case: vgpus('a', 'b'),
    near: vgpus('a'),
    said: ['blocker', /nvidia\.com\/T4 \(a\)/],
    remedy: /With a single vGPU it could live-migrate/,
  },
  {
    check: 'namespace/pod-security',
    title: 'as root',
    alone: true,
    case: asRoot('restricted'),
    near: asRoot('privileged'),
    said: ['blocker', /enforces Pod Security restricted, and its pod needs more: VMs of this cluster run as root/],
  },
  {
    check: 'vm/eviction-strategy',
    title: 'a single node',
    alone: place(1),
    case: { spec: { evictionStrategy: 'LiveMigrate' } },
    near: { spec: { evictionStrategy: 'None' } },
    said: ['warning', /the cluster has one node only/],
  },
  {
    check: 'target/possible',
    title: 'a single node',
    alone: place(1),
    case: {},
    near: { runStrategy: 'Halted' },
    said: ['blocker', /there is no other node that runs VMs/],
  },
  {
    check: 'target/possible',
    title: 'no more volumes',
    alone: { ...place(2), storage: [{ ...nfs, attachLimit: 2 }] },
    case: attached(true),
    near: attached(false),
    said: [
      'blocker',
      /1 to which no more volumes can be attached; for example, same-1 has no room for 2 volumes of the VM: the storage driver csi\.trident\.netapp\.io attaches at most 2 to a node, and 1 is attached there/,
    ],
  },
  {
    check: 'target/possible',
    title: 'a node that does not know its CPU',
    alone: true,
    case: model('host-model'),
    near: model('Nehalem'),
    said: ['blocker', /its node same-\d does not tell which model it has/],
  },
  {
    check: 'vm/preemption-and-node-loss',
    title: 'priority',
    alone: true,
    case: ranked('low'),
    near: ranked('high'),
    said: ['info', /VMs of higher priority \(1000, for example of pod virt-launcher-important-.* its own is 10\)/],
  },
  {
    check: 'network/pod-network',
    title: 'a plug-in that does not migrate',
    alone: true,
    case: plugin('stays'),
    near: plugin('moves'),
    said: ['blocker', /binding plug-in stays, which is not registered as able to migrate/],
  },
  {
    check: 'cpu/host-passthrough',
    title: 'nodes alike',
    alone: place(3),
    case: { domain: { cpu: { cores: 1, model: 'host-passthrough' } } },
    near: { domain: { cpu: { cores: 1, model: 'host-model' } } },
    said: ['info', /all other nodes tell of the same one/],
  },
  {
    check: 'vm/stuck-evacuation',
    title: 'no slot',
    // With priorities (1.9) the migration is made, and waits.
    releases: until('4.22'),
    alone: true,
    case: evicted(0),
    near: evicted(5),
    said: ['warning', /it is to leave same-0, though that node is not cordoned and no migration is under way/],
  },
  {
    check: 'vm/pending-changes',
    title: 'more CPUs',
    alone: true,
    case: {
      ...on('same-0'),
      domain: { cpu: { cores: 1, sockets: 1 } },
      after: async (hand) => {
        await hand.merge(paths.vm, { spec: { template: { spec: { domain: { cpu: { sockets: 2 } } } } } });
        hand.pass(5);
      },
    },
    near: on('same-0'),
    said: ['info', /a change of its number of CPUs takes effect with its next migration/],
  },
  {
    check: 'workload/intensity',
    title: 'did not converge',
    alone: true,
    case: migrated('diverging'),
    near: migrated('calm'),
    said: ['warning', /its last migration \(first\) did not converge and ended by post-copy/],
  },
  {
    check: 'health/virt-handler',
    title: 'none',
    alone: true,
    case: { ...on('same-0'), after: scheduled('same-0', null) },
    near: { ...on('same-0'), after: scheduled('same-0', 'true') },
    said: ['blocker', /no virt-handler runs on its node same-0/],
  },
  {
    check: 'limits/parallel-migrations',
    title: 'of the cluster',
    alone: true,
    case: {
      ...on('same-0'),
      after: async (hand) => {
        await hand.merge(HCO, { spec: { liveMigrationConfig: { parallelMigrationsPerCluster: 1 } } });
        hand.pass(5);
        await hand.create(paths.migrations, vmim('first'));
        hand.pass(2);
      },
    },
    near: {
      ...on('same-0'),
      after: async (hand) => {
        await hand.create(paths.migrations, vmim('first'));
        hand.pass(2);
      },
    },
    said: ['warning', /1 of 1 migrations of the cluster are under way/],
  },
];
