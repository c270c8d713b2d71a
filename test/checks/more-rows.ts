import { type Case, type Hand, type LabRow, paths, since, until } from './harness.ts';
import { attachment, condition, disk, lan, nic, on, policy, quota, sev, status } from './steps.ts';

const anywhere = { nodeSelector: {} };
const secured = (launchSecurity: object): Case => ({ spec: anywhere, domain: { launchSecurity } });
const gpus = (...names: string[]): Case => ({
  spec: anywhere,
  domain: { devices: { gpus: names.map((name) => ({ name, deviceName: 'nvidia.com/T4' })) } },
});
const dedicated = { cores: 1, dedicatedCpuPlacement: true };
const huge = { guest: '1Gi', hugepages: { pageSize: '1Gi' } };
/** A change that only a restart carries out; until then no other reaches the instance. */
const restartRequired = (hand: Hand) =>
  hand.merge(paths.vm, { spec: { template: { spec: { domain: { cpu: { model: 'Nehalem' } } } } } });
const selector = (nodeSelector: object) => async (hand: Hand) => {
  await hand.merge(paths.vm, { spec: { template: { spec: { nodeSelector } } } });
  hand.pass(5);
};
const HOSTNAME = 'kubernetes.io/hostname';
const sriov: Case = {
  ...nic({ sriov: {}, macAddress: '02:00:00:00:00:0c' }, { multus: { networkName: 'fast' } }, 'fast'),
  before: (hand) =>
    hand.create(paths.attachments, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'fast', annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/fast' } },
      spec: { config: JSON.stringify({ cniVersion: '1.0.0', name: 'fast', type: 'sriov', vlan: 0 }) },
    }),
};
const withIpam = (more: object): Case => ({
  ...nic({ bridge: {}, ...more }, { multus: { networkName: 'lan' } }, 'lan'),
  before: (hand) =>
    hand.create(paths.attachments, attachment({ ipam: { type: 'whereabouts', range: '10.77.0.0/24' } })),
});
const range = (limits: object) => async (hand: Hand) => {
  const spec = { limits: [{ type: 'Container', ...limits }] };
  const body = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'sizes' }, spec };
  await hand.create('/api/v1/namespaces/{ns}/limitranges', body);
};
const both = (hard: object, limits: object) => async (hand: Hand) => {
  await quota(hard)(hand);
  await range(limits)(hand);
};
const launcherOf = async (hand: Hand): Promise<string> => {
  const { items } = await hand.get<{ items: { metadata: { name: string } }[] }>(paths.pods);
  return items[0]?.metadata.name ?? '';
};

/** The same as sharedRows: what a check says in other cases. */
export const moreRows: LabRow[] = [
  {
    check: 'vm/running',
    title: 'ended',
    case: {
      runStrategy: 'RerunOnFailure',
      after: async (hand) => {
        await hand.merge(paths.vm, { spec: { runStrategy: 'Manual' } });
        await hand.remove(`${paths.pods}/${await launcherOf(hand)}`);
        hand.pass(10);
      },
    },
    near: { runStrategy: 'RerunOnFailure' },
    said: ['blocker', /its instance has ended/],
  },
  {
    check: 'vm/running',
    title: 'starts',
    case: { spec: { nodeSelector: { nowhere: 'yes' } } },
    near: {},
    said: ['blocker', /not running yet: its instance is Scheduling/],
  },
  {
    check: 'vm/host-devices',
    title: 'a GPU that other nodes have, too',
    releases: until('4.22'),
    case: gpus('a'),
    near: { spec: anywhere },
    said: ['blocker', /nvidia\.com\/T4 \(a\); 1 other node offers one/],
    remedy: /^Move it cold \(a restart\), or remove the device from the VM\.$/,
  },
  {
    check: 'vm/host-devices',
    title: 'a vGPU, and the gate is off',
    releases: since('next'),
    case: gpus('a'),
    near: { spec: anywhere, domain: { devices: { hostDevices: [{ name: 'a', deviceName: 'nvidia.com/T4' }] } } },
    said: ['blocker', /nvidia\.com\/T4 \(a\); 1 other node offers one/],
    remedy: /if the feature gate VGPULiveMigration \(alpha\) is on/,
  },
  {
    check: 'vm/eviction-strategy',
    title: 'External',
    case: { spec: { evictionStrategy: 'External' } },
    near: { spec: { evictionStrategy: 'LiveMigrate' } },
    said: ['warning', /eviction strategy External/],
  },
  {
    check: 'vm/eviction-strategy',
    title: 'if possible',
    case: { ...sev, spec: { ...anywhere, evictionStrategy: 'LiveMigrateIfPossible' } },
    near: { spec: { evictionStrategy: 'LiveMigrateIfPossible' } },
    said: ['info', /shuts it down \(eviction strategy LiveMigrateIfPossible/],
  },
  {
    check: 'vm/preemption-and-node-loss',
    title: 'of no VM',
    case: { bare: true },
    near: {},
    said: ['info', /nothing starts it again, for it has no VirtualMachine/],
  },
  {
    check: 'storage/shared-volumes',
    title: 'hostDisk',
    case: { spec: { volumes: [{ name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk' } }] } },
    near: { spec: { volumes: [{ name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk', shared: true } }] } },
    said: ['blocker', /volume img is a file on the node's own disk/],
  },
  {
    check: 'storage/shared-volumes',
    title: 'no such claim',
    case: { spec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'gone' } }] } },
    near: { claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /uses claim gone, which does not exist/],
  },
  {
    check: 'storage/shared-volumes',
    title: 'read by many',
    case: { claims: [['root', 'ReadOnlyMany']] },
    near: { claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /several nodes can read but only one can write \(ReadOnlyMany\)/],
  },
  {
    check: 'storage/shared-volumes',
    title: 'of one pod',
    case: { claims: [['root', 'ReadWriteOncePod']] },
    near: { claims: [['root', 'ReadWriteOnce']] },
    said: ['blocker', /only one pod can mount \(ReadWriteOncePod\)/],
  },
  {
    check: 'storage/local-volumes',
    title: 'said to be shared',
    case: { claims: [['root', 'ReadWriteMany', 'lvms-vg1']] },
    near: { claims: [['root', 'ReadWriteOnce', 'lvms-vg1']] },
    said: ['warning', /though the claim is ReadWriteMany/],
  },
  {
    check: 'storage/persistent-state',
    title: 'UEFI',
    releases: until('4.17'),
    case: {
      domain: { firmware: { bootloader: { efi: { persistent: true } } } },
      claims: [['persistent-state-for-web', 'ReadWriteOnce']],
    },
    near: {
      domain: { firmware: { bootloader: { efi: {} } } },
      claims: [['persistent-state-for-web', 'ReadWriteOnce']],
    },
    said: ['blocker', /state of its UEFI is on claim persistent-state-for-web/],
  },
  {
    check: 'storage/volume-migration',
    title: 'a LUN',
    releases: since('4.18'),
    case: { ...disk('root', { lun: { bus: 'scsi' } }), claims: [['root', 'ReadWriteOnce']] },
    near: { claims: [['root', 'ReadWriteOnce']] },
    said: ['info', /KubeVirt can't copy them while it runs: root is a LUN/],
  },
  {
    check: 'network/pod-network',
    title: 'not passt',
    releases: since('4.22'),
    case: nic({ binding: { name: 'acme' } }),
    near: nic({ passtBinding: {} }),
    said: ['blocker', /on the pod network with/],
  },
  {
    check: 'network/secondary-networks',
    title: 'SR-IOV',
    case: sriov,
    near: lan(),
    said: ['info', /its interface fast is an SR-IOV device/],
  },
  {
    check: 'network/mac-address',
    title: 'on a secondary network',
    releases: until('4.22'),
    case: withIpam({}),
    near: withIpam({ macAddress: '02:00:00:00:00:0d' }),
    said: ['warning', /its interface lan gets its address by DHCP/],
  },
  {
    check: 'cpu/realtime-and-numa',
    title: 'NUMA',
    case: { spec: anywhere, domain: { cpu: { ...dedicated, numa: { guestMappingPassthrough: {} } }, memory: huge } },
    near: { spec: anywhere, domain: { cpu: dedicated, memory: huge } },
    said: ['info', /it sees its node's NUMA layout/],
  },
  {
    check: 'memory/hugepages',
    title: 'not as many',
    case: { spec: anywhere, domain: { memory: { guest: '12Gi', hugepages: { pageSize: '2Mi' } } } },
    near: { domain: { memory: { guest: '1Gi', hugepages: { pageSize: '2Mi' } } } },
    said: ['blocker', /no other node has more than 8Gi in all/],
  },
  {
    check: 'vm/confidential-computing',
    title: 'SEV-SNP',
    releases: since('4.21'),
    case: secured({ snp: {} }),
    near: { spec: anywhere },
    said: ['blocker', /AMD SEV-SNP/],
  },
  {
    check: 'vm/live-migratable',
    title: 'SEV-SNP',
    releases: since('4.21'),
    case: secured({ snp: {} }),
    near: secured({ tdx: {} }),
    said: ['blocker', /SEVNotLiveMigratable: VMI uses SEV/],
  },
  {
    check: 'vm/live-migratable',
    title: 'TDX',
    releases: since('4.21'),
    case: secured({ tdx: {} }),
    near: secured({ sev: {} }),
    said: ['blocker', /TDXNotLiveMigratable: VMI uses TDX/],
  },
  {
    check: 'vm/paused',
    title: 'left by a migration',
    case: condition('Paused', 'PausedByMigrationMonitor'),
    near: condition('Paused', 'PausedByUser'),
    said: ['warning', /paused so that a migration could end/],
  },
  {
    check: 'vm/paused',
    title: 'by a user',
    case: condition('Paused', 'PausedByUser'),
    near: {},
    said: ['info', /the VM is paused \(PausedByUser\)/],
  },
  {
    check: 'vm/snapshot-or-restore',
    title: 'restore',
    case: { after: status('vmStatus', { restoreInProgress: 'before-update' }) },
    near: { after: status('vmStatus', { volumeSnapshotStatuses: [] }) },
    said: ['warning', /restore before-update waits for it/],
  },
  {
    check: 'vm/stuck-evacuation',
    title: 'it cannot leave',
    case: { ...sev, after: status('vmi', { evacuationNodeName: 'other-0' }) },
    near: sev,
    said: ['warning', /it is to leave other-0 .* KubeVirt can't migrate it/],
  },
  {
    check: 'placement/pinned',
    title: 'to go where it is asked for',
    case: { after: selector({ make: null, [HOSTNAME]: 'same-0' }), ...on('same-1') },
    near: on('same-1'),
    said: ['warning', /it asks for node same-0 by name, and that is where it would migrate to/],
  },
  {
    check: 'placement/pinned',
    title: 'not yet',
    case: {
      after: async (hand) => {
        await restartRequired(hand);
        hand.pass(5);
        await selector({ [HOSTNAME]: 'same-2' })(hand);
      },
    },
    near: { after: restartRequired },
    said: ['warning', /asks for node same-2, but the running instance does not yet/],
  },
  {
    check: 'placement/pinned',
    title: 'still',
    case: {
      ...on('same-1'),
      after: async (hand) => {
        await restartRequired(hand);
        hand.pass(5);
        await selector({ [HOSTNAME]: null })(hand);
      },
    },
    near: { ...on('same-1'), after: restartRequired },
    said: ['warning', /is not tied to a node by name any more, but the running instance still is/],
  },
  {
    check: 'quota/second-pod',
    title: 'a LimitRange',
    case: { after: range({ max: { memory: '1Gi' } }) },
    near: { after: range({ max: { memory: '8Gi' } }) },
    said: ['blocker', /LimitRange sizes of its namespace does not let its second pod in: maximum memory usage/],
  },
  {
    check: 'quota/second-pod',
    title: 'a default limit that is too low',
    case: { after: range({ default: { memory: '512Mi' } }) },
    near: { after: range({ default: { memory: '8Gi' } }) },
    said: ['blocker', /must be less than or equal to memory limit of 512Mi/],
  },
  {
    check: 'quota/second-pod',
    title: 'a ratio',
    case: { after: range({ default: { cpu: '2' }, maxLimitRequestRatio: { cpu: '4' } }) },
    near: { after: range({ default: { cpu: '2' }, maxLimitRequestRatio: { cpu: '40' } }) },
    said: ['blocker', /cpu max limit to request ratio per Container is 4, but provided ratio is 20\.000000/],
  },
  {
    check: 'quota/second-pod',
    title: 'what a LimitRange states',
    case: { after: both({ 'limits.cpu': '7' }, { default: { cpu: '8' } }) },
    near: { after: both({ 'limits.cpu': '9' }, { default: { cpu: '8' } }) },
    said: ['blocker', /limits\.cpu is 7 CPU, 0 CPU is used, and 8 CPU more/],
  },
  {
    check: 'settings/post-copy',
    title: 'in vain',
    releases: since('4.19'),
    case: { labels: { post: 'vain' }, after: policy({ allowPostCopy: true, allowWorkloadDisruption: false }, 'vain') },
    near: { labels: { post: 'both' }, after: policy({ allowPostCopy: true, allowWorkloadDisruption: true }, 'both') },
    said: ['warning', /never happens, since allowWorkloadDisruption is false/],
  },
  {
    check: 'settings/post-copy',
    title: 'a pause instead',
    releases: since('4.19'),
    case: { labels: { post: 'pause' }, after: policy({ allowWorkloadDisruption: true }, 'pause') },
    near: { labels: { post: 'none' }, after: policy({ allowWorkloadDisruption: false }, 'none') },
    said: ['info', /its migration may pause it.* \(MigrationPolicy case-\d+\)/],
  },
  {
    check: 'workload/intensity',
    title: 'a bandwidth that cannot do',
    case: {
      labels: { post: 'slow' },
      // Most of it has never been written, and is not sent.
      annotations: { 'lab.ferry.run/memory-zero': '7900Mi', 'lab.ferry.run/memory-writes': '1Mi@4Ki' },
      domain: { memory: { guest: '8Gi' } },
      after: policy({ bandwidthPerMigration: '2Mi', completionTimeoutPerGiB: 20 }, 'slow'),
    },
    near: { labels: { post: 'fast' }, after: policy({ bandwidthPerMigration: '1Gi' }, 'fast') },
    said: ['warning', /one pass over its .* of memory takes \d+ s, more than the 180 s/],
  },
  {
    check: 'workload/intensity',
    title: 'a large one',
    case: { domain: { memory: { guest: '96Gi' } } },
    near: { domain: { memory: { guest: '64Gi' } } },
    said: ['info', /migrations share the network with everything else/],
  },
  {
    check: 'target/possible',
    title: 'no such node',
    target: 'nowhere',
    case: {},
    nearTarget: 'same-2',
    near: {},
    said: ['blocker', /^there is no node nowhere/],
  },
  {
    check: 'target/possible',
    title: 'where it is',
    target: 'same-1',
    case: on('same-1'),
    near: on('same-2'),
    said: ['blocker', /^it is already on same-1/],
  },
  {
    check: 'target/possible',
    title: 'not that one',
    target: 'other-0',
    case: {},
    near: { spec: anywhere, domain: { cpu: { cores: 1, model: 'host-passthrough' } } },
    said: ['blocker', /node other-0 does not match the node selector make=same/],
  },
  {
    check: 'target/possible',
    title: 'cannot be told',
    releases: until('4.19'),
    target: 'same-2',
    case: on('same-1'),
    near: { ...on('same-1'), runStrategy: 'Halted' },
    said: ['blocker', /can't be told where to migrate to/],
  },
  {
    check: 'cpu/realtime-and-numa',
    title: 'real-time',
    disturbs: true,
    case: {
      spec: anywhere,
      domain: { cpu: { ...dedicated, realtime: {} } },
      before: (hand) => hand.merge('/api/v1/nodes/gpu-0', { metadata: { labels: { 'kubevirt.io/realtime': '' } } }),
    },
    near: { spec: anywhere, domain: { cpu: dedicated } },
    said: ['info', /it is a real-time guest: while its memory is copied/],
  },
  {
    check: 'nodes/source-ready',
    title: 'gone',
    disturbs: true,
    case: { ...on('gpu-1'), after: (hand) => hand.remove('/api/v1/nodes/gpu-1') },
    near: on('gpu-0'),
    said: ['blocker', /its node gpu-1 does not exist any more/],
  },
];
