import {
  ALL,
  brokenInPostCopy,
  disruptive,
  type Happens,
  type LabRow,
  pending,
  running,
  since,
  stuck,
  well,
} from './happens.ts';
import { at, type Hand, HCO } from './harness.ts';
import { libvirtFails } from './libvirt-rows.ts';

/** The guest writes all the time, this much memory at this rate. */
const writes =
  (name: string, what: string) =>
  async (hand: Hand): Promise<void> => {
    await hand.merge(at.vm(name), {
      spec: { template: { metadata: { annotations: { 'lab.ferry.run/memory-writes': what } } } },
    });
  };

/** web stood still once, and moved later; the launcher that knows why is gone. */
const withoutLog =
  (gone: boolean): Happens =>
  async (hand) => {
    const source = hand.launcher('web');
    await hand.policy({ completionTimeoutPerGiB: 800 });
    hand.fault('migration-stuck', { ...stuck('web'), for: '200s' });
    await hand.migrate('web');
    hand.pass(220);
    await hand.create('/apis/kubevirt.io/v1/namespaces/vms/virtualmachineinstancemigrations', {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name: 'again' },
      spec: { vmiName: 'web' },
    });
    hand.pass(60);
    if (gone) await hand.remove(at.pod(source));
    hand.pass(60);
  };

/** web writes more than a slow link carries. */
const diverging: Happens = async (hand) => {
  await hand.policy({ completionTimeoutPerGiB: 100 });
  hand.fault('migration-diverging', { vm: 'vms/web' });
  hand.fault('link-slow', { node: 'worker-0', gbps: '2' });
  await hand.migrate('web');
  hand.until('web', 'Failed');
  hand.pass(2);
};

export const failingRows: LabRow[] = [
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
    title: 'somebody cleared its state',
    happens: async (hand) => {
      await running(hand);
      await hand.merge(at.vmi('web'), { status: { migrationState: null } });
      hand.pass(2);
    },
    near: running,
  },
  {
    cause: 'migration/guest-paused',
    releases: since('4.19'),
    happens: disruptive({ allowWorkloadDisruption: true, allowPostCopy: false }),
    near: running,
  },
  {
    cause: 'migration/post-copy-failed',
    happens: brokenInPostCopy,
    near: libvirtFails('internal'),
  },
  {
    // From 1.9 on virt-handler tells of an abort when the migration is over, and not before.
    cause: 'migration/abort-failed',
    title: 'in post-copy',
    releases: ALL.slice(0, -1),
    happens: async (hand) => {
      await disruptive({ allowPostCopy: true, allowAutoConverge: false })(hand);
      await hand.remove(at.migration('web'));
      hand.pass(3);
    },
    near: disruptive({ allowPostCopy: true, allowAutoConverge: false }),
  },
  {
    cause: 'migration/abort-failed',
    title: 'QEMU does not answer',
    releases: ['4.17', '4.20', '4.22'],
    happens: async (hand) => {
      hand.fault('abort-fails', { vm: 'vms/web' });
      await running(hand);
      await hand.remove(at.migration('web'));
      hand.pass(3);
    },
    near: async (hand) => {
      await running(hand);
      await hand.remove(at.migration('web'));
      hand.pass(3);
    },
  },
  {
    cause: 'migration/completion-timeout',
    releases: ALL,
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
    of: 'vmim/m-web',
    happens: withoutLog(true),
    near: withoutLog(false),
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
    cause: 'migration/no-reason-left',
    confidence: 'possible',
    happens: async (hand) => {
      await pending(hand);
      hand.pass(900);
      // OpenShift keeps what was said for three hours.
      hand.pass(4 * 3600);
    },
    near: async (hand) => {
      await pending(hand);
      hand.pass(900);
    },
  },
  {
    cause: 'migration/stalled',
    releases: ['next'],
    happens: async (hand) => {
      const value = 'MigrationStallDetection';
      const patch = [{ op: 'add', path: '/spec/configuration/developerConfiguration/featureGates/-', value }];
      await hand.merge(HCO, { metadata: { annotations: { 'kubevirt.kubevirt.io/jsonpatch': JSON.stringify(patch) } } });
      hand.pass(10);
      await diverging(hand);
    },
    near: diverging,
  },
];
