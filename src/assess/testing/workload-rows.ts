/* oxlint-disable typescript/no-non-null-assertion -- cases of a test */
import { handlerPod, kubeVirt, migration, node, vm } from '../../model/testing/fixtures.ts';
import { condition, type Row } from './vm-objects.ts';

export const workloadRows: Row[] = [
  ['a stopped VM moves cold', vm('web'), 'cold', [['vm/running', 'blocker', /the VM is stopped/]]],
  [
    'a VM that is starting cannot migrate yet',
    vm('web', { on: 'n1', change: ({ vmi }) => Object.assign(vmi.status!, { phase: 'Scheduling' }) }),
    'cold',
    [['vm/running', 'blocker', /not running yet: its instance is Scheduling/]],
  ],
  [
    'a bare VMI that cannot migrate cannot be restarted either',
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'SEVNotLiveMigratable', 'VMI uses SEV') }).slice(1),
    'blocked',
    [
      ['vm/live-migratable', 'blocker', /SEVNotLiveMigratable: VMI uses SEV/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
      ['vm/preemption-and-node-loss', 'info', /nothing starts it again/],
    ],
  ],
  [
    "KubeVirt's own verdict is quoted",
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'InterfaceNotLiveMigratable', 'cannot migrate VMI which') }),
    'cold',
    [
      ['vm/live-migratable', 'blocker', /InterfaceNotLiveMigratable: cannot migrate VMI which/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'where only the disks are in the way, moving them along is offered',
    vm('web', { on: 'n1', ...condition('LiveMigratable', 'DisksNotLiveMigratable', 'PVC c is not shared') }),
    'cold',
    [
      ['vm/live-migratable', 'blocker', /DisksNotLiveMigratable: PVC c is not shared/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
      ['storage/volume-migration', 'info', /only its disks keep it/],
    ],
  ],
  [
    'other causes that KubeVirt names are told',
    vm('web', { on: 'n1', ...condition('StorageLiveMigratable', 'NotMigratable', 'A: b, C: d') }),
    'live',
    [['vm/storage-live-migratable', 'info', /NotMigratable: A: b, C: d/]],
  ],
  [
    'a condition that is not set is not taken for True',
    vm('web', { on: 'n1', change: ({ vmi }) => Object.assign(vmi.status!, { conditions: [] }) }),
    'live',
    [['vm/live-migratable', 'warning', /not said yet/]],
  ],
  [
    'a VM that migrates already is not migrated again',
    [...vm('web', { on: 'n1' }), migration('m1', 'web', 'Running')],
    'blocked',
    [['vm/unfinished-migration', 'blocker', /migration m1 of this VM is Running/]],
  ],
  [
    'a failed migration before is a warning, with the reason',
    [
      ...vm('web', { on: 'n1' }),
      migration('m1', 'web', 'Failed', ({ status }) => {
        status!.migrationState = { failureReason: 'Live migration stuck for 150 seconds and has been aborted' };
      }),
    ],
    'live',
    [['workload/intensity', 'warning', /\(m1\) failed: Live migration stuck for 150 seconds.*1 of the last 1 did/]],
  ],
  [
    'a host device that another node offers: cold',
    [
      node('gpu', (object) => Object.assign(object.status!.allocatable!, { 'nvidia.com/T4': '1' })),
      handlerPod('gpu'),
      ...vm('web', {
        on: 'n1',
        spec: {
          domain: { devices: { hostDevices: [{ name: 'g', deviceName: 'nvidia.com/T4' }] }, memory: { guest: '4Gi' } },
        },
        ...condition('LiveMigratable', 'HostDeviceNotLiveMigratable', 'VMI uses a PCI host devices'),
      }),
    ],
    'cold',
    [
      ['vm/host-devices', 'blocker', /nvidia\.com\/T4 \(g\); 1 other node offers one/],
      ['vm/live-migratable', 'blocker', /HostDevice/],
      ['vm/eviction-strategy', 'warning', /a drain of its node waits for it for ever/],
    ],
  ],
  [
    'a bandwidth limit that no migration can finish under is told',
    [...vm('web', { on: 'n1' })],
    'live',
    [
      [
        'workload/intensity',
        'warning',
        /at 4 MiB\/s one pass over its 4 GiB of memory takes 1024 s, more than the 750 s/,
      ],
    ],
    {
      change: ({ lists }) => {
        lists.kubeVirts = { known: true, items: [kubeVirt({ bandwidthPerMigration: '4Mi' })] };
      },
    },
  ],
  [
    'a very large VM is better off with a network of its own',
    vm('web', { on: 'n1', memory: '120Gi' }),
    'live',
    [['workload/intensity', 'info', /120 GiB of memory, and migrations share the network/]],
  ],
];
