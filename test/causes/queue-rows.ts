import { ALL, type Happens, type LabRow, running, since, stuck } from './happens.ts';
import { at, type Hand } from './harness.ts';

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
