import type { KubeObject, VirtualMachineInstance } from '../../model/objects.ts';
import { handlerPod, migration, type VmOptions } from '../../model/testing/fixtures.ts';
import { ago, event } from './subjects.ts';
import { change, condition, cordoned, type Given, moved, notMigratable, outdated } from './vm-objects.ts';

const arrived = (seconds: number, edit: (vmi: VirtualMachineInstance) => void = () => undefined) =>
  change((vmi) => {
    const { migrationState } = moved('last', seconds).status ?? {};
    vmi.status = { ...vmi.status, ...(migrationState && { migrationState }) };
    edit(vmi);
  });

const second = (on: string, edit: (labels: Record<string, string>) => void = () => undefined): KubeObject => {
  const labels = { 'kubevirt.io': 'virt-launcher', 'kubevirt.io/created-by': 'uid-vms-web' };
  edit(labels);
  return {
    ...handlerPod(on),
    metadata: { name: 'virt-launcher-web-old01', namespace: 'vms', labels },
  };
};

const dedicated: VmOptions = {
  spec: { domain: { cpu: { cores: 2, dedicatedCpuPlacement: true }, memory: { guest: '4Gi' }, devices: {} } },
};

const restarting = (selector: boolean): VmOptions => ({
  change: ({ vm: object }) => {
    if (object.spec.template.spec === undefined) throw new Error('no spec');
    if (selector) object.spec.template.spec = { ...object.spec.template.spec, nodeSelector: { zone: 'b' } };
    object.status = {
      conditions: [
        condition('RestartRequired', 'True', undefined, 'a non-live-updatable field was changed in the template spec'),
      ],
    };
  },
});

const bridged = (bridge: boolean): VmOptions => ({
  ...arrived(600),
  spec: {
    networks: [{ name: 'default', pod: {} }],
    domain: {
      memory: { guest: '4Gi' },
      devices: { interfaces: [{ name: 'default', ...(bridge ? { bridge: {} } : { masquerade: {} }) }] },
    },
  },
});

const addressed = (ip?: string, agent = true): VmOptions => ({
  ...arrived(600, (vmi) => {
    vmi.status = {
      ...vmi.status,
      conditions: agent ? [condition('AgentConnected', 'True')] : [],
      interfaces: [{ name: 'default', ...(ip && { ipAddress: ip }) }],
    };
  }),
  spec: { domain: { memory: { guest: '4Gi' }, devices: { interfaces: [{ name: 'default', masquerade: {} }] } } },
});

const pending = (reason: string): VmOptions => ({
  change: ({ vmi }) => {
    delete vmi.status?.nodeName;
    vmi.status = {
      ...vmi.status,
      phase: 'Scheduling',
      conditions: [condition('PodScheduled', 'False', reason, '0/3 nodes are available.')],
    };
  },
});

const elsewhere = (begun: number): VmOptions => ({
  on: 'n2',
  spec: { evictionStrategy: 'None' },
  change: ({ vmi }) => (vmi.metadata.creationTimestamp = ago(begun)),
});

const assigned = (seconds: number) =>
  event('Pod/virt-launcher-web-xk2vq', 'Scheduled', 'Successfully assigned vms/virt-launcher-web-xk2vq to n1', {
    secondsAgo: seconds,
  });

export const vmStateRows: [id: string, message: RegExp, given: Given, miss: Given][] = [
  [
    'vm/stale-launcher',
    /virt-launcher-web-old01 of it is still there on n2/,
    { more: [second('n2')] },
    { web: arrived(60), more: [second('n2')] },
  ],
  [
    'vm/stale-launcher',
    /still there on n3/,
    { more: [second('n3', (labels) => (labels['kubevirt.io/migrationJobUID'] = 'uid-gone'))] },
    {
      more: [
        second('n3', (labels) => (labels['kubevirt.io/migrationJobUID'] = 'uid-m')),
        migration('m', 'web', 'Scheduling'),
      ],
    },
  ],
  [
    'vm/io-error',
    /stands still on n1.*came from n2 10 min ago/,
    {
      web: arrived(
        600,
        (vmi) => (vmi.status = { ...vmi.status, conditions: [condition('Paused', 'True', 'PausedIOError')] }),
      ),
      events: [event('VirtualMachineInstance/web', 'IOerror', 'VM Paused due to IO error at the volume: root')],
    },
    {
      web: change((vmi) => (vmi.status = { ...vmi.status, conditions: [condition('Paused', 'True', 'PausedByUser')] })),
    },
  ],
  [
    'vm/no-node',
    /0\/3 nodes are available.*n1 is cordoned/,
    { n1: cordoned, web: pending('Unschedulable') },
    { n1: cordoned, web: pending('SchedulerError') },
  ],
  ['vm/restart-required', /its new node selector waits, too/, { web: restarting(true) }, {}],
  ['vm/restart-required', /not even those that need no restart/, { web: restarting(false) }, {}],
  [
    'storage/manual-recovery',
    /new claims, which do not hold its data.*\(root\)/,
    {
      web: {
        on: undefined,
        change: ({ vm: object }) => {
          object.status = {
            conditions: [condition('ManualRecoveryRequired', 'True')],
            volumeUpdateState: {
              volumeMigrationState: {
                migratedVolumes: [
                  { volumeName: 'root', sourcePVCInfo: { claimName: 'old' }, destinationPVCInfo: { claimName: 'new' } },
                ],
              },
            },
          };
        },
      },
    },
    { web: { on: undefined } },
  ],
  [
    'vm/lost-in-post-copy',
    /from n2 to n1 had switched to post-copy/,
    {
      web: arrived(
        60,
        (vmi) =>
          (vmi.status = {
            ...vmi.status,
            phase: 'Failed',
            migrationState: { ...vmi.status?.migrationState, mode: 'PostCopy', failed: true },
          }),
      ),
    },
    {
      web: arrived(
        60,
        (vmi) =>
          (vmi.status = {
            ...vmi.status,
            migrationState: { ...vmi.status?.migrationState, mode: 'PostCopy' },
          }),
      ),
    },
  ],
  ['vm/dedicated-cpus', /with eight threads/, { web: dedicated, more: [moved('m', 600)] }, { web: dedicated }],
  [
    'vm/dedicated-cpus',
    /over a single connection/,
    { version: 'v1.9.0', web: dedicated, more: [moved('m', 600)] },
    { version: 'v1.9.0', more: [moved('m', 600)] },
  ],
  [
    'vm/outdated-launcher',
    /it cannot be migrated \(PVC root is not shared\)/,
    { web: outdated(notMigratable) },
    { web: outdated() },
  ],
  [
    'vm/outdated-launcher',
    /no other node offers machine-type.node.kubevirt.io\/pc-q35-7.6/,
    {
      web: {
        change: (objects) => {
          objects.vmi.metadata.labels = { 'kubevirt.io/outdatedLauncherImage': '' };
          objects.pod.spec = {
            ...objects.pod.spec,
            containers: [],
            nodeSelector: { 'machine-type.node.kubevirt.io/pc-q35-7.6': 'true' },
          };
        },
      },
    },
    { web: outdated() },
  ],
  [
    'vm/restarted-by-drain',
    /it ran on n1.*evictionStrategy None/,
    { n1: cordoned, web: elsewhere(1000), events: [assigned(2000)] },
    { n1: cordoned, web: { ...elsewhere(1000), spec: { evictionStrategy: 'LiveMigrate' } }, events: [assigned(2000)] },
  ],
  [
    'vm/restarted-after-node-loss',
    /started anew on n2/,
    {
      web: elsewhere(1000),
      events: [
        event(
          'Pod/virt-launcher-web-xk2vq',
          'TaintManagerEviction',
          'Marking for deletion Pod vms/virt-launcher-web-xk2vq',
          { secondsAgo: 1100 },
        ),
      ],
    },
    {
      web: elsewhere(1000),
      events: [
        event(
          'Pod/virt-launcher-web-xk2vq',
          'TaintManagerEviction',
          'Cancelling deletion of Pod vms/virt-launcher-web-xk2vq',
          { secondsAgo: 1100 },
        ),
      ],
    },
  ],
  [
    'vm/preempted',
    /make room for a pod of higher priority/,
    {
      web: { spec: { priorityClassName: 'low' } },
      events: [event('Pod/virt-launcher-web-xk2vq', 'Preempted', 'Preempted by pod 7a on node n1')],
    },
    { events: [event('Pod/virt-launcher-other-xk2vq', 'Preempted', 'Preempted by pod 7a on node n1')] },
  ],
  [
    'network/address-lost',
    /from n2 to n1 the guest has no address on default/,
    { web: addressed() },
    { web: addressed('10.0.2.2') },
  ],
  ['network/address-lost', /no address on default/, { web: addressed() }, { web: addressed(undefined, false) }],
  [
    'network/pod-bridge',
    /got the address of its new pod.*names no MAC address/,
    { web: bridged(true) },
    { web: bridged(false) },
  ],
];
