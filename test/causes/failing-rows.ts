import {
  ALL,
  brokenInPostCopy,
  disruptive,
  failedWith,
  type LabRow,
  pending,
  running,
  since,
  well,
} from './happens.ts';
import { at, type Hand, HCO } from './harness.ts';

/** The guest writes all the time, this much memory at this rate. */
const writes =
  (name: string, what: string) =>
  async (hand: Hand): Promise<void> => {
    await hand.merge(at.vm(name), {
      spec: { template: { metadata: { annotations: { 'lab.ferry.run/memory-writes': what } } } },
    });
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
    happens: async (hand) => {
      await running(hand);
      await hand.merge(at.vmi('web'), { status: { migrationState: { migrationUid: 'another' } } });
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
