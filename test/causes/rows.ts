import { at, type Hand, HCO } from './harness.ts';

type Happens = (hand: Hand) => Promise<void>;

/** A cause, what leads to it, and what nearly does. */
export interface LabRow {
  cause: string;
  title?: string;
  /** Releases in which it exists; default the oldest, the default and the newest. */
  releases?: string[];
  happens: Happens;
  near: Happens;
  /** Default vm/web. */
  of?: string;
  /** Default certain; by release where it differs. */
  confidence?: 'certain' | 'likely' | 'possible' | Record<string, 'certain' | 'likely' | 'possible'>;
  /** It makes another cause worse, which is named first. */
  beside?: string;
}

const ALL = ['4.17', '4.18', '4.19', '4.20', '4.21', '4.22', 'next'];
const since = (release: string): string[] => ALL.slice(ALL.indexOf(release));
const until = (release: string): string[] => ALL.slice(0, ALL.indexOf(release) + 1);

const stuck = (name: string) => ({ vm: `vms/${name}` });

/** web waits for its turn behind other. */
const queued: Happens = async (hand) => {
  await hand.settings({ parallelMigrationsPerCluster: 1 });
  hand.fault('migration-stuck', stuck('other'));
  await hand.migrate('other');
  hand.until('other', 'Running');
  await hand.migrate('web');
  hand.pass(2);
};
const running: Happens = async (hand) => {
  hand.fault('migration-stuck', stuck('web'));
  await hand.migrate('web');
  hand.until('web', 'Running');
};
const pending: Happens = async (hand) => {
  hand.fault('target-pending', {});
  await hand.migrate('web');
  hand.until('web', 'Scheduling');
  hand.pass(20);
};
const well: Happens = async (hand) => {
  await hand.migrate('web');
  hand.until('web', 'Succeeded');
  hand.pass(5);
};
/** web's migration has failed while it copied, with this reason. */
const failedWith =
  (reason: string): Happens =>
  async (hand) => {
    await running(hand);
    await hand.remove(at.pod(hand.target('web').metadata.name));
    hand.until('web', 'Failed');
    hand.pass(2);
    await hand.merge(`${at.migration('web')}/status`, { status: { migrationState: { failureReason: reason } } });
  };
const said =
  (message: string): Happens =>
  async (hand) => {
    await queued(hand);
    await hand.event('VirtualMachineInstance', 'web', 'FailedCreate', message);
  };
const condition =
  (type: string, message = ''): Happens =>
  async (hand) => {
    await queued(hand);
    await hand.merge(`${at.migration('web')}/status`, { status: { conditions: [{ type, status: 'True', message }] } });
  };
const cordon =
  (...nodes: string[]): Happens =>
  async (hand) => {
    for (const node of nodes) await hand.merge(at.node(node), { spec: { unschedulable: true } });
    await hand.migrate('web');
    hand.pass(10);
  };
/** The guest writes all the time, this much memory at this rate. */
const writes =
  (name: string, what: string) =>
  async (hand: Hand): Promise<void> => {
    await hand.merge(at.vm(name), {
      spec: { template: { metadata: { annotations: { 'lab.ferry.run/memory-writes': what } } } },
    });
  };
const network: Happens = async (hand) => {
  await hand.settings({ network: 'lm' });
  hand.pass(60);
};
const attachment =
  (namespace: string): Happens =>
  (hand) =>
    hand.create(`/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions`, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'lm' },
      spec: {
        config: JSON.stringify({
          cniVersion: '0.3.1',
          name: 'lm',
          type: 'macvlan',
          master: 'enp4s0',
          mode: 'bridge',
          ipam: { type: 'whereabouts', range: '10.200.5.0/24' },
        }),
      },
    });
const secondPod =
  (phase: string): Happens =>
  async (hand) => {
    const uid = hand.vmi('web').metadata.uid ?? '';
    await hand.create('/api/v1/namespaces/vms/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'virt-launcher-web-old01',
        labels: { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': uid },
      },
      spec: { nodeName: 'worker-2', containers: [{ name: 'compute', image: 'x' }] },
    });
    hand.pass(10);
    await hand.merge(`${at.pod('virt-launcher-web-old01')}/status`, { status: { phase } });
    await hand.migrate('web');
    hand.pass(5);
  };
const disruptive =
  (values: object): Happens =>
  async (hand) => {
    await hand.policy({ completionTimeoutPerGiB: 2, ...values });
    await running(hand);
    hand.pass(9);
  };

export const rows: LabRow[] = [
  { cause: 'queue/cluster-limit', releases: ALL, happens: queued, near: running },
  {
    cause: 'queue/outbound-limit',
    releases: ALL,
    happens: async (hand) => {
      await hand.settings({ parallelOutboundMigrationsPerNode: 1 });
      hand.fault('migration-stuck', stuck('web2'));
      await hand.migrate('web2');
      hand.until('web2', 'Running');
      await hand.migrate('web');
      hand.pass(2);
    },
    near: async (hand) => {
      await hand.settings({ parallelOutboundMigrationsPerNode: 1 });
      hand.fault('migration-stuck', stuck('other'));
      hand.fault('migration-stuck', stuck('web'));
      await hand.migrate('other');
      hand.until('other', 'Running');
      await hand.migrate('web');
      hand.pass(2);
    },
  },
  { cause: 'queue/previous-pod', happens: secondPod('Running'), near: secondPod('Succeeded') },
  {
    cause: 'queue/quota',
    happens: async (hand) => {
      hand.fault('quota-exceeded', { namespace: 'vms' });
      await hand.migrate('web');
      hand.pass(5);
    },
    near: queued,
  },
  {
    cause: 'queue/utility-volumes',
    releases: since('4.22'),
    happens: condition('migrationBlockedByUtilityVolumes'),
    near: queued,
  },
  {
    cause: 'queue/backup',
    releases: since('4.22'),
    happens: condition('migrationBlockedByBackup', 'Waiting for backup nightly to complete'),
    near: queued,
  },
  {
    cause: 'queue/selinux-unknown',
    happens: async (hand) => {
      await said('Error creating pod: SELinux context not set on VMI status')(hand);
      await hand.merge(at.vmi('web'), { status: { selinuxContext: null } });
    },
    near: said('Error creating pod: no'),
  },
  {
    cause: 'queue/container-disk-digest',
    happens: said(
      'Error creating pod: failed to render launch manifest: can not proceed with the migration when no reproducible image digest can be detected: x',
    ),
    near: queued,
  },
  {
    cause: 'queue/pod-security',
    happens: said(
      'failed to create target pod for vmi vms/web, it needs a privileged namespace to run: pods "x" is forbidden: violates PodSecurity "restricted:latest"',
    ),
    near: queued,
  },
  {
    cause: 'queue/target-pod-refused',
    happens: said('Error creating pod: admission webhook "x" denied the request: no'),
    near: queued,
  },
  {
    cause: 'queue/host-model-unknown',
    happens: async (hand) => {
      await hand.merge(at.node('worker-0'), {
        metadata: {
          labels: {
            'host-model-cpu.node.kubevirt.io/Cascadelake-Server': null,
            'host-model-cpu.node.kubevirt.io/Skylake-Server': null,
            'host-model-cpu.node.kubevirt.io/Icelake-Server': null,
          },
        },
      });
      await hand.migrate('web');
      hand.pass(5);
    },
    near: queued,
  },
  {
    cause: 'queue/vm-not-running',
    of: 'vm/late',
    happens: async (hand) => {
      await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        metadata: { name: 'late' },
        spec: {
          runStrategy: 'Always',
          template: { spec: { nodeSelector: { nowhere: 'yes' }, domain: { memory: { guest: '1Gi' }, devices: {} } } },
        },
      });
      hand.pass(10);
      await hand.migrate('late');
      hand.pass(5);
    },
    near: async (hand) => {
      await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachine',
        metadata: { name: 'late' },
        spec: { runStrategy: 'Always', template: { spec: { domain: { memory: { guest: '1Gi' }, devices: {} } } } },
      });
      hand.pass(20);
      await hand.migrate('late');
      hand.pass(5);
    },
  },
  {
    cause: 'queue/no-disruption-budget',
    releases: until('4.19'),
    confidence: 'likely',
    beside: 'queue/cluster-limit',
    happens: async (hand) => {
      await queued(hand);
      await hand.remove('/apis/policy/v1/namespaces/vms/poddisruptionbudgets');
    },
    near: queued,
  },
  {
    cause: 'queue/backoff',
    happens: async (hand) => {
      hand.fault('target-crash', { vm: 'vms/web' });
      await evict(hand, 'web');
      hand.pass(12);
    },
    near: async (hand) => {
      await evict(hand, 'web');
      hand.pass(20);
    },
  },
  { cause: 'target/unschedulable', releases: ALL, happens: cordon('worker-1', 'worker-2'), near: cordon('worker-1') },
  {
    cause: 'target/unschedulable',
    title: 'given up',
    happens: async (hand) => {
      await cordon('worker-1', 'worker-2')(hand);
      hand.pass(310);
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  { cause: 'target/pod-network', releases: ALL, happens: pending, near: running },
  {
    cause: 'target/pod-network',
    title: 'given up',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
    near: well,
  },
  {
    cause: 'target/image-pull',
    happens: async (hand) => {
      await pending(hand);
      await hand.event(
        'Pod',
        hand.target('web').metadata.name,
        'Failed',
        'Failed to pull image "quay.io/x:1": not found',
      );
    },
    near: pending,
  },
  {
    cause: 'target/volume-attach',
    happens: async (hand) => {
      await pending(hand);
      await hand.event(
        'Pod',
        hand.target('web').metadata.name,
        'FailedAttachVolume',
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) virt-launcher-web',
      );
    },
    near: pending,
  },
  {
    cause: 'target/not-starting',
    confidence: 'likely',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(60);
      await hand.remove(at.events);
    },
    near: async (hand) => {
      await running(hand);
      await hand.remove(at.events);
    },
  },
  {
    cause: 'target/cpu-nowhere',
    happens: async (hand) => {
      await cordon('worker-1', 'worker-2')(hand);
      await hand.event(
        'VirtualMachineInstance',
        'web',
        'NoSuitableNodesForHostModelMigration',
        'Migration cannot proceed since no node is suitable to run the required CPU model / required features: x',
      );
    },
    near: cordon('worker-1', 'worker-2'),
  },
  {
    cause: 'target/pod-lost',
    releases: ALL,
    happens: async (hand) => {
      await pending(hand);
      await hand.remove(at.pod(hand.target('web').metadata.name));
      hand.pass(60);
    },
    near: pending,
  },
  {
    cause: 'target/pod-lost',
    title: 'after the hand-over',
    happens: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'PreparingTarget');
      await hand.remove(at.pod(hand.target('web').metadata.name));
      hand.until('web', 'Failed');
      hand.pass(2);
    },
    near: running,
  },
  {
    cause: 'target/attachment-pod',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
      await hand.remove(at.events);
      await hand.event(
        'VirtualMachineInstanceMigration',
        'm-web',
        'FailedMigration',
        'Migration failed because target attachment pod shutdown during migration',
      );
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  {
    cause: 'node/virt-handler-not-ready',
    confidence: 'likely',
    happens: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'Scheduling');
      hand.pass(0.2);
      for (const node of ['worker-1', 'worker-2']) hand.fault('virt-handler-crash', { node });
      hand.pass(90);
    },
    near: running,
  },
  {
    cause: 'target/not-prepared',
    confidence: 'likely',
    beside: 'node/virt-handler-not-ready',
    happens: async (hand) => {
      await hand.migrate('web');
      hand.until('web', 'Scheduling');
      hand.pass(0.2);
      for (const node of ['worker-1', 'worker-2']) hand.fault('virt-handler-crash', { node });
      hand.pass(90);
    },
    near: running,
  },
  {
    cause: 'node/lost',
    happens: async (hand) => {
      await running(hand);
      hand.fault('node-not-ready', { node: hand.vmi('web').status?.migrationState?.targetNode ?? '' });
      hand.pass(60);
    },
    near: async (hand) => {
      await running(hand);
      hand.pass(60);
    },
  },
  {
    cause: 'migration/cancelled',
    releases: ALL,
    happens: async (hand) => {
      await running(hand);
      await hand.remove(at.migration('web'));
      hand.pass(3);
    },
    near: async (hand) => {
      await running(hand);
      hand.pass(3);
    },
  },
  {
    cause: 'migration/cancelled',
    title: 'before the hand-over',
    happens: async (hand) => {
      await pending(hand);
      await hand.remove(at.migration('web'));
    },
    near: pending,
  },
  {
    cause: 'migration/another-one',
    happens: async (hand) => {
      await running(hand);
      await hand.merge(at.vmi('web'), { status: { migrationState: { migrationUid: 'another' } } });
      hand.pass(2);
    },
    near: running,
  },
  {
    cause: 'vm/stopped-meanwhile',
    confidence: 'likely',
    happens: async (hand) => {
      await pending(hand);
      await hand.merge(at.vm('web'), { spec: { runStrategy: 'Halted' } });
      hand.pass(300);
    },
    near: async (hand) => {
      await hand.merge(at.vm('web'), { spec: { runStrategy: 'Halted' } });
      hand.pass(300);
    },
  },
  {
    cause: 'migration/guest-paused',
    releases: since('4.19'),
    happens: disruptive({ allowWorkloadDisruption: true, allowPostCopy: false }),
    near: running,
  },
  {
    cause: 'migration/post-copy-failed',
    happens: async (hand) => {
      await disruptive({ allowPostCopy: true, allowAutoConverge: false })(hand);
      await hand.remove(at.pod(hand.target('web').metadata.name));
      hand.pass(60);
    },
    near: failedWith('x'),
  },
  {
    cause: 'migration/abort-failed',
    happens: async (hand) => {
      await running(hand);
      await hand.merge(at.vmi('web'), { status: { migrationState: { abortStatus: 'Failed' } } });
    },
    near: running,
  },
  {
    cause: 'network/connection-lost',
    releases: ALL,
    happens: async (hand) => {
      await running(hand);
      hand.fault('link-down', { node: 'worker-0' });
      hand.pass(60);
    },
    near: running,
  },
  {
    cause: 'network/attachment-missing',
    of: 'cluster',
    happens: async (hand) => {
      await attachment('vms')(hand);
      await network(hand);
    },
    near: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await network(hand);
    },
  },
  {
    cause: 'network/fallback',
    of: 'cluster',
    confidence: 'likely',
    beside: '',
    happens: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await hand.settings({ network: 'lm' });
    },
    near: async (hand) => {
      await attachment('openshift-cnv')(hand);
      await network(hand);
      hand.pass(600);
    },
  },
  {
    cause: 'migration/completion-timeout',
    releases: ALL,
    confidence: { next: 'likely' },
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 10 });
      hand.fault('migration-diverging', { vm: 'vms/web' });
      await hand.migrate('web');
      hand.until('web', 'Failed');
      hand.pass(2);
    },
    near: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 10 });
      await well(hand);
    },
  },
  {
    cause: 'migration/stuck',
    releases: ALL,
    confidence: { next: 'likely' },
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 800 });
      await running(hand);
      hand.pass(160);
    },
    near: running,
  },
  {
    cause: 'migration/aborted',
    releases: ['next'],
    confidence: 'possible',
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 800 });
      await running(hand);
      hand.pass(160);
      const { endTimestamp = '' } = hand.vmi('web').status?.migrationState ?? {};
      const startTimestamp = new Date(Date.parse(endTimestamp) - 20_000).toISOString().replace('.000Z', 'Z');
      await hand.merge(`${at.migration('web')}/status`, { status: { migrationState: { startTimestamp } } });
    },
    near: async (hand) => {
      await running(hand);
      await hand.remove(at.migration('web'));
      hand.pass(3);
    },
  },
  {
    cause: 'migration/bandwidth-limit',
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 10, bandwidthPerMigration: '8Mi' });
      await hand.migrate('web');
      hand.until('web', 'Failed');
      hand.pass(2);
    },
    near: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 100, bandwidthPerMigration: '64Mi' });
      await hand.migrate('web');
      hand.until('web', 'Running');
      hand.pass(10);
    },
  },
  {
    cause: 'migration/not-converging',
    confidence: 'likely',
    happens: async (hand) => {
      hand.fault('migration-diverging', { vm: 'vms/web' });
      await hand.migrate('web');
      hand.until('web', 'Running');
      hand.pass(40);
    },
    near: running,
  },
  {
    cause: 'migration/saturation',
    confidence: 'likely',
    happens: async (hand) => {
      await hand.settings({ parallelOutboundMigrationsPerNode: 2 });
      for (const name of ['web', 'web2']) await writes(name, '1900Mi@700Mi')(hand);
      for (const name of ['web', 'web2']) await hand.migrate(name);
      hand.until('web', 'Running');
      hand.pass(60);
    },
    near: async (hand) => {
      await writes('web', '1900Mi@700Mi')(hand);
      await hand.migrate('web');
      hand.pass(8);
    },
  },
  {
    cause: 'migration/deadline-too-short',
    confidence: 'likely',
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 15 });
      hand.fault('link-slow', { node: 'worker-0', gbps: 0.1 });
      await hand.migrate('web');
      hand.until('web', 'Running');
      hand.pass(10);
    },
    near: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 800 });
      hand.fault('link-slow', { node: 'worker-0', gbps: 0.1 });
      await hand.migrate('web');
      hand.until('web', 'Running');
      hand.pass(10);
    },
  },
  {
    cause: 'migration/change-unfinished',
    happens: async (hand) => {
      await running(hand);
      await hand.merge(at.vmi('web'), {
        status: { migrationState: { completed: true }, conditions: [{ type: 'HotMemoryChange', status: 'True' }] },
      });
    },
    near: running,
  },
  {
    cause: 'migration/guest-not-seen',
    beside: '',
    happens: async (hand) => {
      await running(hand);
      await hand.event(
        'VirtualMachineInstance',
        'web',
        'Migrated',
        "The VirtualMachineInstance's domain was never observed on the target after the migration completed within the timeout period.",
      );
    },
    near: running,
  },
  {
    cause: 'migration/test-annotation',
    happens: failedWith('Failed migration to satisfy functional test condition'),
    near: failedWith('x'),
  },
  {
    cause: 'libvirt/cpu',
    happens: failedWith(
      "virError(Code=91, Domain=31, Message='operation failed: guest CPU doesn't match specification: missing features: vmx')",
    ),
    near: failedWith('x'),
  },
  {
    cause: 'libvirt/disk',
    happens: failedWith('virError(Code=1, Domain=10, Message=\'internal error: Failed to get shared "write" lock\')'),
    near: failedWith('x'),
  },
  {
    cause: 'volume/destination-smaller',
    happens: failedWith(
      'Volume migration cannot be performed because the destination volume is smaller than the source volume: x',
    ),
    near: failedWith('x'),
  },
  {
    cause: 'network/unreachable',
    happens: failedWith(
      "virError(Code=38, Domain=7, Message='unable to connect to server at 10.1.1.1:3333: Connection refused')",
    ),
    near: failedWith('x'),
  },
  {
    cause: 'admission/not-migratable',
    releases: ALL,
    of: 'vm/pinned',
    happens: async (hand) => hand.pass(1),
    near: async (hand) => hand.merge(at.vm('pinned'), { spec: { runStrategy: 'Halted' } }).then(() => hand.pass(300)),
  },
  {
    cause: 'migration/no-reason-left',
    confidence: 'possible',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
      await hand.remove(at.events);
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  {
    cause: 'queue/low-priority',
    releases: ['next'],
    confidence: 'likely',
    beside: 'queue/cluster-limit',
    happens: async (hand) => {
      await queued(hand);
      await evict(hand, 'web2');
      hand.pass(5);
    },
    near: queued,
  },
  {
    cause: 'libvirt/error',
    confidence: 'likely',
    happens: failedWith("virError(Code=1, Domain=10, Message='something new')"),
    near: failedWith('x'),
  },
  {
    cause: 'volume/deadline',
    happens: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 10 });
      hand.fault('migration-diverging', { vm: 'vms/web' });
      await hand.migrate('web');
      hand.until('web', 'Running');
      const claim = (claimName: string) => ({ claimName, capacity: { storage: '10Gi' } });
      const migratedVolumes = [{ volumeName: 'root', sourcePVCInfo: claim('old'), destinationPVCInfo: claim('new') }];
      hand.until('web', 'Failed');
      hand.pass(2);
      await hand.merge(`${at.migration('web')}/status`, {
        status: {
          migrationState: { failureReason: 'Live migration is not completed after 140 seconds and has been aborted' },
        },
      });
      await hand.merge(at.vmi('web'), { status: { migratedVolumes } });
    },
    near: async (hand) => {
      await hand.policy({ completionTimeoutPerGiB: 10 });
      hand.fault('migration-diverging', { vm: 'vms/web' });
      await hand.migrate('web');
      hand.until('web', 'Failed');
      hand.pass(2);
    },
  },
  {
    cause: 'migration/stalled',
    releases: ['next'],
    confidence: 'likely',
    happens: async (hand) => {
      await running(hand);
      hand.pass(160);
      const patch = [
        {
          op: 'add',
          path: '/spec/configuration/developerConfiguration/featureGates/-',
          value: 'MigrationStallDetection',
        },
      ];
      await hand.merge(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(patch) } } });
      hand.pass(10);
    },
    near: async (hand) => {
      await running(hand);
      hand.pass(160);
    },
  },
];

async function evict(hand: Hand, vm: string): Promise<void> {
  const name = hand.launcher(vm);
  await hand
    .create(`${at.pod(name)}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: 'vms' },
    })
    .catch((error: unknown) => {
      // KubeVirt's yes: 429, and the VM is marked.
      if (!String(error).includes('Eviction triggered evacuation')) throw error;
    });
}
