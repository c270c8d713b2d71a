import { ALL, type Happens, type LabRow, since, volumesMove } from './happens.ts';
import { at, type Hand } from './harness.ts';

// What libvirt, QEMU and virt-launcher end a migration with.

/** libvirt ends web's migration with an error. */
export const libvirtFails =
  (error: string): Happens =>
  async (hand) => {
    hand.fault('libvirt-error', { vm: 'vms/web', error });
    await hand.migrate('web');
    hand.until('web', 'Failed');
    hand.pass(2);
  };

/** Until a migration of pinned is over, and no longer: KubeVirt tries again. */
const untilOver = (hand: Hand): void => {
  for (let step = 0; step < 1000 && hand.vmi('pinned').status?.migrationState?.completed !== true; step++)
    hand.pass(0.3);
};

/** pinned is to move its disk within a deadline that a slow link does not keep. */
const slowly =
  (gbps: string): Happens =>
  async (hand) => {
    await hand.policy({ completionTimeoutPerGiB: 5 });
    hand.fault('link-slow', { node: 'worker-2', gbps });
    await volumesMove('10Gi')(hand);
    untilOver(hand);
  };

const annotated =
  (name: string): Happens =>
  async (hand) => {
    await hand.merge(at.vmi('web'), { metadata: { annotations: { [name]: 'true' } } });
    await hand.migrate('web');
    hand.pass(30);
  };

/** web gets more memory, which moves it. */
const grows = async (hand: Hand): Promise<void> => {
  await hand.merge(at.vm('web'), { spec: { template: { spec: { domain: { memory: { guest: '4Gi' } } } } } });
  hand.pass(60);
};

/** The guest has moved, and for so long nobody there sees it. */
const unseen =
  (lasts: string): Happens =>
  async (hand) => {
    // Else the VM starts anew, and nothing of its migration is left.
    await hand.merge(at.vm('web'), { spec: { runStrategy: 'Manual' } });
    for (const node of ['worker-1', 'worker-2']) hand.fault('guest-unseen', { node, for: lasts });
    await hand.migrate('web');
    hand.pass(100);
  };

export const libvirtRows: LabRow[] = [
  { cause: 'libvirt/cpu', happens: libvirtFails('cpu'), near: libvirtFails('internal') },
  { cause: 'libvirt/disk', happens: libvirtFails('disk-lock'), near: libvirtFails('internal') },
  {
    cause: 'libvirt/disk',
    title: 'it may not be read',
    happens: libvirtFails('disk-missing'),
    near: libvirtFails('cpu'),
  },
  {
    cause: 'libvirt/error',
    confidence: 'likely',
    releases: ALL,
    happens: libvirtFails('internal'),
    near: libvirtFails('cpu'),
  },
  {
    cause: 'volume/destination-smaller',
    releases: since('4.18'),
    of: 'vm/pinned',
    happens: async (hand) => {
      await volumesMove('5Gi')(hand);
      untilOver(hand);
    },
    near: async (hand) => {
      await volumesMove('10Gi')(hand);
      untilOver(hand);
    },
  },
  {
    cause: 'volume/deadline',
    releases: since('4.18'),
    of: 'vm/pinned',
    happens: slowly('0.5'),
    near: slowly('10'),
  },
  {
    cause: 'migration/test-annotation',
    happens: annotated('kubevirt.io/func-test-force-launcher-migration-failure'),
    near: annotated('kubevirt.io/func-test-ignore-migration-backoff'),
  },
  {
    cause: 'migration/change-unfinished',
    happens: async (hand) => {
      hand.fault('launcher-deaf', { vm: 'vms/web' });
      await grows(hand);
    },
    near: grows,
  },
  {
    // From 1.6 on KubeVirt waits for the guest without an end, and does not say so.
    cause: 'migration/guest-not-seen',
    releases: ['4.17', '4.18', '4.19'],
    happens: unseen('90s'),
    near: unseen('50s'),
  },
];
