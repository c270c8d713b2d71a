import { ALL, type Happens, type LabRow, running, since, stuck } from './happens.ts';
import { at, type Hand, HCO } from './harness.ts';

const until = (release: string): string[] => ALL.slice(0, ALL.indexOf(release) + 1);

/** web waits for its turn behind other. */
const queued: Happens = async (hand) => {
  await hand.settings({ parallelMigrationsPerCluster: 1 });
  hand.fault('migration-stuck', stuck('other'));
  await hand.migrate('other');
  hand.until('other', 'Running');
  await hand.migrate('web');
  hand.pass(2);
};

/** A VM of its own volumes, that runs and is asked to migrate. */
async function started(hand: Hand, volumes: object[], meanwhile: Happens): Promise<void> {
  await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'tool' },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: { memory: { guest: '1Gi' }, devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } },
          volumes,
        },
      },
    },
  });
  hand.pass(30);
  await meanwhile(hand);
  await hand.migrate('tool');
  hand.pass(5);
}

const tool =
  (image: string): Happens =>
  (hand) =>
    started(hand, [{ name: 'root', containerDisk: { image } }], async () => undefined);

const enforce = (level: string) => ({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } });

/** A VM on a path of the node that all nodes share, whose namespace is secured after its start. */
const secured =
  (level: string): Happens =>
  (hand) =>
    started(
      hand,
      [
        {
          name: 'root',
          hostDisk: { path: '/mnt/shared/disk.img', type: 'DiskOrCreate', capacity: '5Gi', shared: true },
        },
      ],
      () => hand.merge('/api/v1/namespaces/vms', enforce(level)),
    );

/** web has left worker-0, whose kubelet fell silent so many seconds later: at once, nobody sees the end of what it left there. */
const left =
  (seconds: number): Happens =>
  async (hand) => {
    await hand.migrate('web');
    hand.until('web', 'Succeeded');
    hand.pass(seconds);
    hand.fault('node-not-ready', { node: 'worker-0' });
    await hand.remove(at.migration('web'));
    hand.pass(5);
    await hand.migrate('web');
    hand.pass(20);
  };

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

/** A VM with a TPM whose state two nodes cannot share, and a quota of so many claims; it has the fifth. */
const sealed =
  (claims: string): Happens =>
  async (hand) => {
    await hand.merge(HCO, { spec: { vmStateStorageClass: 'lvms-vg1' } });
    hand.pass(10);
    await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachines', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'sealed' },
      spec: {
        runStrategy: 'Always',
        template: { spec: { domain: { memory: { guest: '1Gi' }, devices: { tpm: { persistent: true } } } } },
      },
    });
    hand.pass(30);
    await hand.create('/api/v1/namespaces/vms/resourcequotas', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard: { persistentvolumeclaims: claims } },
    });
    hand.pass(2);
    await hand.migrate('sealed');
    hand.pass(5);
  };

/** Migrations that wait for their turn, or for their target pod to be made. */
export const queueRows: LabRow[] = [
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
  { cause: 'queue/previous-pod', releases: ALL, happens: left(0), near: left(3) },
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
    cause: 'queue/quota',
    title: 'for the second claim of a TPM',
    releases: since('4.18'),
    of: 'vm/sealed',
    happens: sealed('5'),
    near: sealed('6'),
  },
  {
    cause: 'queue/selinux-unknown',
    releases: ALL,
    happens: async (hand) => {
      await hand.merge(at.vmi('web'), { status: { selinuxContext: null } });
      await hand.migrate('web');
      hand.pass(5);
    },
    near: async (hand) => {
      await hand.merge(at.vmi('web'), { status: { selinuxContext: 'none' } });
      await hand.migrate('web');
      hand.pass(5);
    },
  },
  {
    cause: 'queue/container-disk-digest',
    releases: ALL,
    of: 'vm/tool',
    happens: tool('localhost/tools:1'),
    near: tool('quay.io/example/tools:1'),
  },
  {
    cause: 'queue/pod-security',
    releases: ALL,
    of: 'vm/tool',
    happens: secured('restricted'),
    near: secured('privileged'),
  },
  {
    cause: 'queue/pod-security',
    title: 'baseline',
    of: 'vm/tool',
    happens: secured('baseline'),
    // What runs as qemu, without a path of its node, fits in the strictest profile.
    near: (hand) =>
      started(hand, [{ name: 'root', containerDisk: { image: 'quay.io/example/tools:1' } }], () =>
        hand.merge('/api/v1/namespaces/vms', enforce('restricted')),
      ),
  },
  {
    cause: 'queue/target-pod-refused',
    releases: ALL,
    happens: async (hand) => {
      hand.fault('pod-refused', { namespace: 'vms' });
      await hand.migrate('web');
      hand.pass(5);
    },
    near: async (hand) => {
      hand.fault('pod-refused', { namespace: 'default' });
      await hand.migrate('web');
      hand.pass(5);
    },
  },
  {
    cause: 'queue/host-model-unknown',
    releases: ALL,
    happens: async (hand) => {
      // As the mission of facts/anchors.md 2 pain 5 has it: whoever takes a node from the labeller takes its labels, too.
      await hand.merge(at.node('worker-0'), {
        metadata: {
          annotations: { 'node-labeller.kubevirt.io/skip-node': 'true' },
          labels: Object.fromEntries(
            hand.labels('worker-0', 'host-model-cpu.node.kubevirt.io/').map((name) => [name, null]),
          ),
        },
      });
      await hand.migrate('web');
      hand.pass(5);
    },
    near: async (hand) => {
      await hand.merge(at.node('worker-0'), {
        metadata: { annotations: { 'node-labeller.kubevirt.io/skip-node': 'true' } },
      });
      await hand.migrate('web');
      hand.pass(5);
    },
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
  {
    cause: 'admission/not-migratable',
    releases: ALL,
    of: 'vm/pinned',
    happens: async (hand) => hand.pass(1),
    near: async (hand) => hand.merge(at.vm('pinned'), { spec: { runStrategy: 'Halted' } }).then(() => hand.pass(300)),
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
];
