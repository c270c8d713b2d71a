import { describe, expect, test } from 'vitest';
import type { Node, VirtualMachineInstance } from '../../model/objects.ts';
import { kubevirt16 } from '../../model/versions/index.ts';
import { migratableConditions, migrationMethod } from './live-migratable.ts';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', labels: { 'host-model-cpu.node.kubevirt.io/Haswell': 'true' } },
} as unknown as Node;

function vmi(spec: object, status: object = {}, annotations: Record<string, string> = {}): VirtualMachineInstance {
  const { domain = {}, ...rest } = spec as { domain?: { devices?: object } };
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'vm', namespace: 'ns', annotations },
    spec: { ...rest, domain: { ...domain, devices: domain.devices ?? {} } },
    status,
  };
}

const claim = { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }] };
const info = (...accessModes: string[]) => ({
  volumeStatus: [{ name: 'root', persistentVolumeClaimInfo: { claimName: 'root', accessModes } }],
});
const rule = 'live migration requires that all PVCs must be shared (using ReadWriteMany access mode)';
const pod = { networks: [{ name: 'default', pod: {} }] };
const nic = (how: object) => ({ ...pod, domain: { devices: { interfaces: [{ name: 'default', ...how }] } } });
const NETWORK =
  'cannot migrate VMI which does not use masquerade, bridge with kubevirt.io/allow-pod-bridge-network-live-migration VM annotation or a migratable plugin to connect to the pod network';

const cases: [string, VirtualMachineInstance, string | undefined, string?][] = [
  ['no disks, no networks', vmi({}), undefined],
  ['a shared claim', vmi(claim, info('ReadWriteMany')), undefined],
  ['a claim that also allows ReadWriteOnce', vmi(claim, info('ReadWriteOnce', 'ReadWriteMany')), undefined],
  [
    'a ReadWriteOnce claim',
    vmi(claim, info('ReadWriteOnce')),
    'DisksNotLiveMigratable',
    `cannot migrate VMI: PVC root is not shared, ${rule}`,
  ],
  [
    'a ReadOnlyMany claim',
    vmi(claim, info('ReadOnlyMany')),
    'DisksNotLiveMigratable',
    `cannot migrate VMI: PVC root is not shared, ${rule}`,
  ],
  [
    'a claim nobody knows',
    vmi(claim),
    'DisksNotLiveMigratable',
    `cannot migrate VMI: Unable to determine if PVC root is shared, ${rule}`,
  ],
  [
    'a DataVolume on a ReadWriteOnce claim',
    vmi({ volumes: [{ name: 'root', dataVolume: { name: 'dv' } }] }, info('ReadWriteOnce')),
    'DisksNotLiveMigratable',
    `cannot migrate VMI: PVC dv is not shared, ${rule}`,
  ],
  [
    'a ReadWriteOnce claim that is being migrated itself',
    vmi(claim, { ...info('ReadWriteOnce'), migratedVolumes: [{ volumeName: 'root' }] }),
    undefined,
  ],
  [
    'a host disk',
    vmi({ volumes: [{ name: 'h', hostDisk: { path: '/x', type: 'Disk' } }] }),
    'DisksNotLiveMigratable',
    'cannot migrate VMI with non-shared HostDisk',
  ],
  [
    'a shared host disk',
    vmi({ volumes: [{ name: 'h', hostDisk: { path: '/x', type: 'Disk', shared: true } }] }),
    undefined,
  ],
  ['masquerade', vmi(nic({ masquerade: {} })), undefined],
  ['bridge on the pod network', vmi(nic({ bridge: {} })), 'InterfaceNotLiveMigratable', NETWORK],
  [
    'bridge on the pod network, allowed',
    vmi(nic({ bridge: {} }), {}, { 'kubevirt.io/allow-pod-bridge-network-live-migration': '' }),
    undefined,
  ],
  ['a binding plugin that can migrate', vmi(nic({ binding: { name: 'l2bridge' } })), undefined],
  ['a binding plugin that cannot', vmi(nic({ binding: { name: 'slirp' } })), 'InterfaceNotLiveMigratable', NETWORK],
  [
    'bridge on a secondary network',
    vmi({
      networks: [{ name: 's', multus: { networkName: 'x' } }],
      domain: { devices: { interfaces: [{ name: 's', bridge: {} }] } },
    }),
    undefined,
  ],
  [
    'a host device',
    vmi({ domain: { devices: { hostDevices: [{ name: 'd', deviceName: 'x' }] } } }),
    'HostDeviceNotLiveMigratable',
    'VMI uses a PCI host devices',
  ],
  [
    'a GPU',
    vmi({ domain: { devices: { gpus: [{ name: 'd', deviceName: 'x' }] } } }),
    'HostDeviceNotLiveMigratable',
    'VMI uses a PCI host devices',
  ],
  ['SEV', vmi({ domain: { launchSecurity: { sev: {} } } }), 'SEVNotLiveMigratable', 'VMI uses SEV'],
  [
    'IBM Secure Execution',
    vmi({ architecture: 's390x', domain: { launchSecurity: {} } }),
    'SecureExecutionNotLiveMigratable',
    'VMI uses Secure Execution',
  ],
  [
    'a persistent reservation',
    vmi({ domain: { devices: { disks: [{ name: 'l', lun: { reservation: true } }] } } }),
    'PersistentReservationNotLiveMigratable',
    'VMI uses SCSI persitent reservation',
  ],
  [
    'reenlightenment without a TSC frequency',
    vmi({ domain: { features: { hyperv: { reenlightenment: {} } } } }),
    'NoTSCFrequencyNotLiveMigratable',
    'HyperV Reenlightenment VMIs cannot migrate when TSC Frequency is not exposed on the cluster: guest timers might be inconsistent',
  ],
  [
    'reenlightenment with a TSC frequency',
    vmi({ domain: { features: { hyperv: { reenlightenment: {} } } } }, { topologyHints: { tscFrequency: 1 } }),
    undefined,
  ],
  [
    'Hyper-V passthrough',
    vmi({ domain: { features: { hypervPassthrough: { enabled: true } } } }),
    'HypervPassthroughNotLiveMigratable',
    'VMI uses hyperv passthrough',
  ],
  ['host-model on a node with a known CPU', vmi({ domain: { cpu: { model: 'host-model' } } }), undefined],
  [
    'several obstacles: the disks come last',
    vmi({ ...claim, domain: { devices: { gpus: [{ name: 'd', deviceName: 'x' }] } } }, info('ReadWriteOnce')),
    'HostDeviceNotLiveMigratable',
    'VMI uses a PCI host devices',
  ],
];

function conditions(of: VirtualMachineInstance, on: Node | undefined = node) {
  return migratableConditions({
    vmi: of,
    node: on,
    version: kubevirt16,
    vgpuGate: false,
    mediatedDevices: new Set(),
    migratableBindings: new Set(['l2bridge']),
  });
}

describe('LiveMigratable of KubeVirt 1.6', () => {
  test.each(cases)('with %s', (_, object, reason, message) => {
    const [live] = conditions(object);
    expect([live?.status, live?.reason, live?.message]).toEqual([
      reason === undefined ? 'True' : 'False',
      reason,
      message,
    ]);
  });

  test('is False for host-model where the node’s CPU is not known', () => {
    const [live] = conditions(vmi({ domain: { cpu: { model: 'host-model' } } }), {
      ...node,
      metadata: { name: 'n1' },
    });
    expect([live?.reason, live?.message]).toEqual([
      'CPUModeLiveMigratable',
      'the node "n1" does not allow migration with host-model',
    ]);
  });
});

describe('StorageLiveMigratable', () => {
  test('is True for a VM whose disks alone keep it', () => {
    expect(conditions(vmi(claim, info('ReadWriteOnce')))[1]?.status).toBe('True');
  });

  test('lists every obstacle but the disks', () => {
    const object = vmi(
      {
        ...claim,
        ...nic({ bridge: {} }),
        domain: { devices: { interfaces: [{ name: 'default', bridge: {} }], gpus: [{ name: 'd', deviceName: 'x' }] } },
      },
      info('ReadWriteOnce'),
    );
    expect(conditions(object)[1]).toMatchObject({
      status: 'False',
      reason: 'NotMigratable',
      message: `InterfaceNotLiveMigratable: ${NETWORK}, HostDeviceNotLiveMigratable: VMI uses a PCI host devices`,
    });
  });
});

describe('migrationMethod', () => {
  test.each([
    ['claims only', vmi(claim), 'LiveMigration'],
    ['cloud-init', vmi({ volumes: [{ name: 'c', cloudInitNoCloud: {} }] }), 'BlockMigration'],
    ['a container disk', vmi({ volumes: [{ name: 'c', containerDisk: { image: 'x' } }] }), 'BlockMigration'],
    [
      'a container disk as CD-ROM',
      vmi({
        volumes: [{ name: 'c', containerDisk: { image: 'x' } }],
        domain: { devices: { disks: [{ name: 'c', cdrom: {} }] } },
      }),
      'LiveMigration',
    ],
    ['volumes that are migrated', vmi(claim, { migratedVolumes: [{ volumeName: 'root' }] }), 'BlockMigration'],
  ])('with %s', (_, object, method) => {
    expect(migrationMethod(object)).toBe(method);
  });
});
