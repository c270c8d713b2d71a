import { type Happens, type LabRow, since, well } from './happens.ts';
import { at, type Hand, HCO } from './harness.ts';

const BACKUPS = '/apis/backup.kubevirt.io/v1alpha1/namespaces/vms/virtualmachinebackups';
/** Utility volumes are attached by KubeVirt's components and by tools that act as one of them: users may not (facts/kubevirt.md B3). */
const AS_KUBEVIRT = 'system:serviceaccount:openshift-cnv:kubevirt-controller';

/** Backups are possible, and web's blocks are tracked from its next start on. */
async function tracked(hand: Hand): Promise<void> {
  await hand.merge(HCO, {
    spec: {
      featureGates: { incrementalBackup: true },
      changedBlockTrackingLabelSelectors: { virtualMachineLabelSelector: { matchLabels: { backup: 'nightly' } } },
    },
  });
  await hand.merge(at.vm('web'), { metadata: { labels: { backup: 'nightly' } } });
  hand.pass(10);
  await hand.remove(at.vmi('web'));
  hand.pass(60);
}

const backedUp =
  (seconds: number): Happens =>
  async (hand) => {
    await tracked(hand);
    await hand.create('/api/v1/namespaces/vms/persistentvolumeclaims', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'vault' },
      spec: {
        accessModes: ['ReadWriteMany'],
        storageClassName: 'ontap-nas',
        resources: { requests: { storage: '20Gi' } },
      },
    });
    await hand.create(BACKUPS, {
      apiVersion: 'backup.kubevirt.io/v1alpha1',
      kind: 'VirtualMachineBackup',
      metadata: { name: 'nightly' },
      spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web' }, pvcName: 'vault' },
    });
    hand.pass(seconds);
    await hand.migrate('web');
    hand.pass(5);
  };

const lent =
  (seconds: number): Happens =>
  async (hand) => {
    const utilityVolumes = [{ name: 'dump', claimName: 'scratch', type: 'MemoryDump' }];
    await hand.merge(at.vmi('web'), { spec: { utilityVolumes } }, AS_KUBEVIRT);
    await hand.migrate('web');
    hand.pass(seconds);
  };

/** What KubeVirt 1.8 and newer lets a migration wait for: a backup, and volumes that are lent to the VM. */
export const backupRows: LabRow[] = [
  { cause: 'queue/backup', releases: since('4.22'), happens: backedUp(10), near: backedUp(300) },
  {
    cause: 'queue/utility-volumes',
    releases: since('4.22'),
    happens: lent(20),
    near: async (hand) => {
      await lent(20)(hand);
      await hand.merge(at.vmi('web'), { spec: { utilityVolumes: null } }, AS_KUBEVIRT);
      hand.pass(5);
    },
  },
  {
    cause: 'queue/utility-volumes',
    title: 'given up',
    releases: since('4.22'),
    happens: lent(170),
    near: well,
  },
];
