import { type Case, type Hand, paths } from './harness.ts';

// What is done to a cluster, in the rows' own words.

export const nic = (binding: object, network: object = { pod: {} }, name = 'default') => ({
  domain: { devices: { interfaces: [{ name, ...binding }] } },
  spec: { networks: [{ name, ...network }] },
});
export const ALLOW = { 'kubevirt.io/allow-pod-bridge-network-live-migration': '' };
export const attachment = (config: object) => ({
  apiVersion: 'k8s.cni.cncf.io/v1',
  kind: 'NetworkAttachmentDefinition',
  metadata: { name: 'lan' },
  spec: { config: JSON.stringify({ cniVersion: '0.3.1', name: 'lan', type: 'bridge', bridge: 'br-ex', ...config }) },
});
export const lan = (more: object = {}): Case => ({
  ...nic({ bridge: {}, macAddress: '02:00:00:00:00:0a', ...more }, { multus: { networkName: 'lan' } }, 'lan'),
  before: (hand) => hand.create(paths.attachments, attachment({})),
});
export const status = (path: keyof typeof paths, fields: object) => (hand: Hand) =>
  hand.merge(paths[path], { status: fields });
export const condition = (type: string, reason: string): Case => ({
  after: async (hand) => {
    const vmi = await hand.get<{ status: { conditions: { type: string }[] } }>(paths.vmi);
    const conditions = vmi.status.conditions.filter((known) => known.type !== type);
    await hand.merge(paths.vmi, {
      status: {
        conditions: [...conditions, { type, status: 'True', reason, lastProbeTime: null, lastTransitionTime: null }],
      },
    });
  },
});
/** A migration that finds no node within a second, so many times. */
export const failing =
  (times: number) =>
  async (hand: Hand): Promise<void> => {
    for (let number = 1; number <= times; number++) {
      await hand.create(paths.migrations, {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: {
          name: `try-${number}`,
          annotations: { 'kubevirt.io/migrationUnschedulablePodTimeoutSeconds': '1' },
        },
        spec: { vmiName: 'web' },
      });
      hand.pass(30);
    }
  };
export const quota =
  (hard: object) =>
  async (hand: Hand): Promise<void> => {
    await hand.create(paths.quotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard },
    });
    hand.pass(2);
  };
export const policy = (set: object, of: string) => (hand: Hand) =>
  hand.create(paths.policies, {
    apiVersion: 'migrations.kubevirt.io/v1alpha1',
    kind: 'MigrationPolicy',
    metadata: { name: hand.namespace },
    spec: { selectors: { virtualMachineInstanceSelector: { post: of } }, ...set },
  });
/** On this node and no other. */
export const on = (node: string): Case => ({ spec: { nodeSelector: { 'kubernetes.io/hostname': node } } });
export const vmim = (name: string) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstanceMigration',
  metadata: { name },
  spec: { vmiName: 'web' },
});
/** Anywhere: only some nodes can encrypt memory. */
export const sev: Case = { spec: { nodeSelector: {} }, domain: { launchSecurity: { sev: {} } } };
export const hostDisk = {
  volumes: [{ name: 'img', hostDisk: { path: '/data/disk.img', type: 'Disk', shared: true } }],
};
export const disk = (name: string, how: object) => ({ domain: { devices: { disks: [{ name, ...how }] } } });
export const label = (level: string) => (hand: Hand) =>
  hand.merge(paths.namespace, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } });

export async function leftOver(hand: Hand, own: boolean): Promise<void> {
  const vmi = await hand.get<{ metadata: { uid: string }; status: { nodeName: string } }>(paths.vmi);
  const elsewhere = vmi.status.nodeName === 'same-2' ? 'same-1' : 'same-2';
  await hand.create(paths.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'left-over',
      labels: { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': own ? vmi.metadata.uid : 'of-another' },
    },
    spec: { nodeName: elsewhere, containers: [{ name: 'compute', image: 'virt-launcher' }] },
  });
  hand.pass(2);
}

/** A running VM gets a volume more, of this class. */
export const plugged = (storageClassName: string): Case => ({
  before: (hand) =>
    hand.create(paths.claims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'more' },
      spec: { accessModes: ['ReadWriteMany'], storageClassName, resources: { requests: { storage: '1Gi' } } },
    }),
  after: (hand) =>
    hand.put('/apis/subresources.kubevirt.io/v1/namespaces/{ns}/virtualmachines/web/addvolume', {
      name: 'more',
      disk: { disk: { bus: 'scsi' } },
      volumeSource: { persistentVolumeClaim: { claimName: 'more' } },
    }),
});
