import { type LabRow, paths, since, until } from './harness.ts';
import {
  ALLOW,
  condition,
  disk,
  failing,
  hostDisk,
  label,
  lan,
  leftOver,
  nic,
  on,
  policy,
  quota,
  sev,
  status,
  vmim,
} from './steps.ts';

/** The rows that share a lab; those of a release that need a kind of cluster of their own are in alone-rows.ts. */
export const sharedRows: LabRow[] = [
  { check: 'vm/running', case: { runStrategy: 'Halted' }, near: {}, said: ['blocker', /the VM is stopped/] },
  { check: 'vm/live-migratable', case: sev, near: {}, said: ['blocker', /SEVNotLiveMigratable: VMI uses SEV/] },
  {
    check: 'vm/storage-live-migratable',
    releases: since('4.18'),
    case: sev,
    near: { claims: [['root', 'ReadWriteOnce']] },
    said: ['info', /could not move its disks while it runs either/],
  },
  {
    check: 'vm/unfinished-migration',
    case: {
      spec: { nodeSelector: { solo: 'yes' } },
      after: (hand) =>
        hand.create(paths.migrations, {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachineInstanceMigration',
          metadata: { name: 'mine' },
          spec: { vmiName: 'web' },
        }),
    },
    near: { spec: { nodeSelector: { solo: 'yes' } } },
    said: ['blocker', /migration mine of this VM is /],
  },
  {
    check: 'vm/host-devices',
    case: {
      spec: { nodeSelector: {} },
      domain: { devices: { hostDevices: [{ name: 'gpu', deviceName: 'nvidia.com/A10' }] } },
    },
    near: { spec: { nodeSelector: {} } },
    said: ['blocker', /nvidia\.com\/A10 \(gpu\), which no other node offers/],
  },
  {
    check: 'vm/eviction-strategy',
    case: { spec: { evictionStrategy: 'None' } },
    near: { spec: { evictionStrategy: 'LiveMigrate' } },
    said: ['info', /shut down, and it is started again/],
  },
  {
    check: 'vm/eviction-strategy',
    title: 'for ever',
    case: { ...sev, spec: { nodeSelector: {}, evictionStrategy: 'LiveMigrate' } },
    near: { ...sev, spec: { nodeSelector: {}, evictionStrategy: 'LiveMigrateIfPossible' } },
    said: ['warning', /a drain of its node waits for it for ever/],
  },
  {
    check: 'vm/preemption-and-node-loss',
    case: { runStrategy: 'RerunOnFailure', after: (hand) => hand.merge(paths.vm, { spec: { runStrategy: 'Manual' } }) },
    near: { runStrategy: 'RerunOnFailure' },
    said: ['info', /it stays off \(run strategy Manual\)/],
  },
  {
    check: 'storage/shared-volumes',
    case: { claims: [['root', 'ReadWriteOnce']] },
    near: { claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /only one node can mount \(ReadWriteOnce\)/],
  },
  {
    check: 'storage/local-volumes',
    case: { spec: { nodeSelector: {} }, claims: [['root', 'ReadWriteOnce', 'lvms-vg1']] },
    near: { claims: [['root', 'ReadWriteOnce']] },
    said: ['blocker', /whose volumes stay on one node/],
  },
  {
    check: 'storage/raw-block',
    case: { claims: [['root', 'ReadWriteMany', 'ontap-san-fs']] },
    near: { claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /a file system that several nodes mount on block storage/],
  },
  {
    check: 'storage/node-local-data',
    case: { spec: { volumes: [{ name: 'root', containerDisk: { image: 'fedora' } }] } },
    near: { spec: { volumes: [{ name: 'init', cloudInitNoCloud: { userData: '#cloud-config\n' } }] } },
    said: ['info', /root \(containerDisk\) lies in its pod/],
  },
  {
    check: 'storage/scsi-reservation',
    releases: until('4.22'),
    case: { ...disk('root', { lun: { bus: 'scsi', reservation: true } }), claims: [['root', 'ReadWriteMany']] },
    near: { ...disk('root', { lun: { bus: 'scsi' } }), claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /disk root passes SCSI persistent reservations/],
  },
  {
    check: 'storage/scsi-reservation',
    releases: since('next'),
    case: { ...disk('root', { lun: { bus: 'scsi', reservation: true } }), claims: [['root', 'ReadWriteMany']] },
    near: { ...disk('root', { lun: { bus: 'scsi' } }), claims: [['root', 'ReadWriteMany']] },
    said: ['warning', /has to accept the reservation/],
  },
  {
    check: 'storage/virtiofs',
    releases: until('4.18'),
    case: {
      domain: { devices: { filesystems: [{ name: 'root', virtiofs: {} }] } },
      claims: [['root', 'ReadWriteMany']],
    },
    near: { claims: [['root', 'ReadWriteMany']] },
    said: ['blocker', /directory root with virtiofs/],
  },
  {
    check: 'storage/volume-migration',
    releases: since('4.18'),
    case: { claims: [['root', 'ReadWriteOnce']] },
    near: { ...sev, claims: [['root', 'ReadWriteOnce']] },
    said: ['info', /only its disks keep it from live-migrating/],
  },
  {
    check: 'network/pod-network',
    case: nic({ bridge: {} }),
    near: nic({ masquerade: {} }),
    said: ['blocker', /on the pod network with a bridge/],
  },
  {
    check: 'network/pod-network',
    title: 'an unknown plug-in',
    case: nic({ binding: { name: 'acme' } }),
    near: nic({ masquerade: {} }),
    said: ['blocker', /binding plug-in acme, which KubeVirt does not know/],
  },
  {
    check: 'network/pod-network',
    title: 'let through',
    case: { ...nic({ bridge: {} }), annotations: ALLOW },
    near: nic({ bridge: {} }),
    said: ['warning', /an annotation lets it migrate all the same/],
  },
  {
    check: 'network/secondary-networks',
    case: { ...lan(), after: (hand) => hand.remove(`${paths.attachments}/lan`) },
    near: lan(),
    said: ['blocker', /NetworkAttachmentDefinition case-\d+\/lan, which does not exist/],
  },
  {
    check: 'network/mac-address',
    releases: until('4.22'),
    case: { ...nic({ bridge: {} }), annotations: ALLOW },
    near: { ...nic({ bridge: {}, macAddress: '02:00:00:00:00:0b' }), annotations: ALLOW },
    said: ['warning', /gets no address any more/],
  },
  {
    check: 'cpu/dedicated',
    case: { spec: { nodeSelector: {} }, domain: { cpu: { cores: 1, dedicatedCpuPlacement: true } } },
    near: { spec: { nodeSelector: {} } },
    said: ['blocker', /no other node gives those out/],
  },
  {
    check: 'cpu/dedicated',
    title: 'one connection',
    releases: since('next'),
    case: { spec: { nodeSelector: {} }, domain: { cpu: { cores: 1, dedicatedCpuPlacement: true } } },
    near: {},
    said: ['info', /over one connection instead of 8/],
  },
  {
    check: 'cpu/host-passthrough',
    case: { domain: { cpu: { cores: 1, model: 'host-passthrough' } } },
    near: { domain: { cpu: { cores: 1, model: 'host-model' } } },
    said: ['warning', /3 other nodes have another one \(gpu-0, gpu-1, other-0\)/],
  },
  {
    check: 'cpu/realtime-and-numa',
    case: { spec: { nodeSelector: {} }, domain: { cpu: { cores: 1, dedicatedCpuPlacement: true, realtime: {} } } },
    near: { spec: { nodeSelector: {} }, domain: { cpu: { cores: 1, dedicatedCpuPlacement: true } } },
    said: ['blocker', /none has the label kubevirt\.io\/realtime/],
  },
  {
    check: 'memory/hugepages',
    case: { spec: { nodeSelector: {} }, domain: { memory: { guest: '1Gi', hugepages: { pageSize: '1Gi' } } } },
    near: { domain: { memory: { guest: '1Gi', hugepages: { pageSize: '2Mi' } } } },
    said: ['blocker', /huge pages of 1Gi.* no other node has any/],
  },
  { check: 'vm/confidential-computing', case: sev, near: {}, said: ['blocker', /AMD SEV/] },
  {
    check: 'vm/confidential-computing',
    title: 'TDX',
    releases: since('4.21'),
    case: { spec: { nodeSelector: {} }, domain: { launchSecurity: { tdx: {} } } },
    near: {},
    said: ['blocker', /Intel TDX/],
  },
  {
    check: 'vm/tsc-frequency',
    case: { domain: { features: { hyperv: { reenlightenment: {} } } } },
    near: { domain: { features: { hyperv: { relaxed: {} } } } },
    said: ['blocker', /no frequency of the processor's clock/],
  },
  {
    check: 'vm/hyperv-passthrough',
    case: { domain: { features: { hypervPassthrough: { enabled: true } } } },
    near: { domain: { features: { hypervPassthrough: { enabled: false } } } },
    said: ['blocker', /all Hyper-V features of its node/],
  },
  {
    check: 'vm/long-name',
    case: { name: 'w'.repeat(64) },
    near: { name: 'w'.repeat(63) },
    said: ['blocker', /its name has 64 characters/],
  },
  {
    check: 'vm/memory-dump',
    case: { after: status('vmStatus', { memoryDumpRequest: { claimName: 'dump', phase: 'InProgress' } }) },
    near: { after: status('vmStatus', { memoryDumpRequest: { claimName: 'dump', phase: 'Completed' } }) },
    said: ['warning', /memory is being dumped to claim dump/],
  },
  {
    check: 'vm/utility-volumes',
    releases: since('4.22'),
    case: { spec: { utilityVolumes: [{ name: 'scratch', claimName: 'scratch' }] } },
    near: {},
    said: ['warning', /utility volume scratch .*up to 150 s/],
  },
  {
    check: 'vm/snapshot-or-restore',
    case: { after: status('vmStatus', { snapshotInProgress: 'before-update' }) },
    near: { after: status('vmStatus', { volumeSnapshotStatuses: [] }) },
    said: ['warning', /snapshot before-update of it is being taken/],
  },
  {
    check: 'vm/pending-changes',
    case: {
      after: (hand) =>
        hand.merge(paths.vm, { spec: { template: { spec: { domain: { cpu: { model: 'Nehalem' } } } } } }),
    },
    near: { after: (hand) => hand.merge(paths.vm, { metadata: { labels: { new: 'label' } } }) },
    said: ['info', /waits for a restart/],
  },
  {
    check: 'vm/stuck-evacuation',
    case: { after: status('vmi', { evacuationNodeName: 'other-0' }) },
    near: { after: status('vmi', { reason: '' }) },
    said: ['warning', /marked to be evacuated from other-0, but it is on same-/],
  },
  {
    check: 'vm/stale-launcher',
    case: { after: (hand) => leftOver(hand, true) },
    near: { after: (hand) => leftOver(hand, false) },
    said: ['warning', /second pod of it, left-over on node same-/],
  },
  {
    check: 'vm/paused',
    case: condition('Paused', 'PausedIOError'),
    near: {},
    said: ['warning', /its disk gave an error/],
  },
  {
    check: 'vm/repeated-failures',
    case: { spec: { nodeSelector: { single: 'yes' } }, after: failing(2) },
    near: { spec: { nodeSelector: { single: 'yes' } }, after: failing(1) },
    said: ['warning', /last 2 migrations failed/],
  },
  {
    check: 'workload/intensity',
    case: { spec: { nodeSelector: { single: 'yes' } }, after: failing(1) },
    near: { spec: { nodeSelector: { single: 'yes' } } },
    said: ['warning', /its last migration \(try-1\) failed/],
  },
  {
    check: 'placement/few-nodes',
    case: { spec: { nodeSelector: { pair: 'yes' } } },
    near: { spec: { nodeSelector: { make: 'same' } } },
    said: ['warning', /only same-\d meets/],
  },
  {
    check: 'placement/pinned',
    case: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'same-1' } } },
    near: { spec: { nodeSelector: { pair: 'yes' } } },
    said: ['blocker', /tied to its node same-1 by name/],
  },
  {
    check: 'quota/second-pod',
    case: { after: quota({ pods: '1' }) },
    near: { after: quota({ pods: '2' }) },
    said: ['blocker', /pods is 1 pod, 1 pod is used, and 1 pod more/],
  },
  {
    check: 'quota/second-pod',
    title: 'what its pod does not state',
    case: { after: quota({ 'limits.memory': '1Ti' }) },
    near: { after: quota({ 'requests.memory': '1Ti' }) },
    said: ['blocker', /must specify limits\.memory/],
  },
  {
    check: 'namespace/pod-security',
    case: { spec: hostDisk, after: label('baseline') },
    near: { spec: hostDisk, after: label('privileged') },
    said: ['blocker', /volume img is a path of the node/],
  },
  {
    check: 'settings/post-copy',
    case: { labels: { post: 'allowed' }, after: policy({ allowPostCopy: true }, 'allowed') },
    near: { labels: { post: 'not-this' }, after: policy({ allowPostCopy: true }, 'another') },
    said: ['info', /allowed by MigrationPolicy case-\d+:/],
  },
  {
    check: 'target/possible',
    case: { spec: { nodeSelector: { single: 'yes' } } },
    near: { spec: { nodeSelector: { pair: 'yes' } } },
    said: ['blocker', /none of the 6 other nodes can take it: 6 not matching its node selector/],
  },
  {
    check: 'nodes/coreos',
    disturbs: true,
    case: {
      ...on('other-0'),
      after: (hand) =>
        hand.merge('/api/v1/nodes/other-0/status', { status: { nodeInfo: { osImage: 'Fedora Linux 42' } } }),
    },
    near: on('rare-0'),
    said: ['blocker', /its node other-0 runs Fedora Linux 42/],
  },
  {
    check: 'nodes/source-ready',
    disturbs: true,
    case: {
      ...on('same-0'),
      after: async (hand) => {
        hand.fault({ name: 'node-not-ready', node: 'same-0' });
        hand.pass(60);
      },
    },
    near: on('same-1'),
    said: ['blocker', /its node same-0 is NotReady/],
  },
  {
    check: 'health/virt-handler',
    disturbs: true,
    case: {
      ...on('same-2'),
      after: async (hand) => {
        hand.fault({ name: 'virt-handler-crash', node: 'same-2' });
        hand.pass(5);
      },
    },
    near: on('same-1'),
    said: ['blocker', /virt-handler on its node same-2 .* is not ready/],
  },
  {
    check: 'limits/parallel-migrations',
    disturbs: true,
    case: {
      ...on('same-1'),
      after: async (hand) => {
        await hand.merge(
          '/apis/hco.kubevirt.io/v1beta1/namespaces/openshift-cnv/hyperconvergeds/kubevirt-hyperconverged',
          { spec: { liveMigrationConfig: { parallelOutboundMigrationsPerNode: 1 } } },
        );
        hand.pass(5);
        await hand.create(paths.migrations, vmim('goes-nowhere'));
        hand.pass(5);
      },
    },
    near: on('rare-0'),
    said: ['warning', /1 of 1 outbound migrations of node same-1 are under way/],
  },
];
