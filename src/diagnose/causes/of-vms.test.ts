import { describe, expect, test } from 'vitest';
import type {
  KubeObject,
  Node,
  PodDisruptionBudget,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
} from '../../model/objects.ts';
import { handlerPod, migration, node, nodes, type VmOptions, vm } from '../../model/testing/fixtures.ts';
import { ago, ask, event, type Said } from '../testing/subjects.ts';
import { causesOfVms } from './of-vms.ts';

// Each cause: a case that produces it, what its message says, and a near miss that must not.

interface Given extends Said {
  /** web's options; it runs on n1. */
  web?: VmOptions;
  /** Of n1. */
  n1?: (node: Node) => void;
  more?: KubeObject[];
  /** What is asked about; vm/web. */
  of?: string;
}

function objectsOf({ web = {}, n1, more = [] }: Given): KubeObject[] {
  const rest = nodes(3).filter(({ kind, metadata }) => kind !== 'Node' || metadata.name !== 'n1');
  return [node('n1', n1), ...rest, ...vm('web', { on: 'n1', ...web }), ...more];
}

const cordoned = (object: Node): void => {
  object.spec = {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: ago(3000) }],
  };
};
const change = (edit: (vmi: VirtualMachineInstance) => void): VmOptions => ({ change: ({ vmi }) => edit(vmi) });
const condition = (type: string, status: string, reason?: string, message?: string) =>
  ({ type, status, ...(reason && { reason }), ...(message && { message }) }) as never;
const notMigratable = (vmi: VirtualMachineInstance): void => {
  vmi.status = {
    ...vmi.status,
    conditions: [condition('LiveMigratable', 'False', 'DisksNotLiveMigratable', 'PVC root is not shared')],
  };
};
const marked = (by: string) => change((vmi) => (vmi.status = { ...vmi.status, evacuationNodeName: by }));

/** web moved from n2 to n1 so many seconds ago. */
function moved(
  name: string,
  seconds: number,
  annotations: Record<string, string> = {},
  edit: (object: VirtualMachineInstanceMigration) => void = () => undefined,
): VirtualMachineInstanceMigration {
  return migration(name, 'web', 'Succeeded', (object) => {
    object.metadata.creationTimestamp = ago(seconds + 30);
    object.metadata.annotations = annotations;
    object.status = {
      phase: 'Succeeded',
      migrationState: {
        migrationUid: object.metadata.uid ?? '',
        sourceNode: 'n2',
        targetNode: 'n1',
        startTimestamp: ago(seconds + 20),
        endTimestamp: ago(seconds),
        completed: true,
      },
    };
    edit(object);
  });
}
const EVACUATED = { 'kubevirt.io/evacuationMigration': 'n2' };
const UPDATED = { 'kubevirt.io/workloadUpdateMigration': '' };
function failed(name: string, seconds: number, annotations: Record<string, string>): VirtualMachineInstanceMigration {
  return moved(name, seconds, annotations, (object) => {
    object.status = {
      phase: 'Failed',
      migrationState: { ...object.status?.migrationState, failed: true, failureReason: 'Live migration aborted ' },
    };
  });
}
const evacuation = (name: string, seconds: number) =>
  failed(name, seconds, { 'kubevirt.io/evacuationMigration': 'n1' });
const arrived = (seconds: number, edit: (vmi: VirtualMachineInstance) => void = () => undefined) =>
  change((vmi) => {
    const { migrationState } = moved('last', seconds).status ?? {};
    vmi.status = { ...vmi.status, ...(migrationState && { migrationState }) };
    edit(vmi);
  });
const budget = (allowed: number, owner?: string): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: {
    name: 'one-at-least',
    namespace: 'vms',
    ...(owner && { ownerReferences: [{ kind: owner, name: 'web', apiVersion: 'kubevirt.io/v1', uid: 'u' }] }),
  },
  spec: { minAvailable: '1', selector: { matchLabels: { app: 'web' } } },
  status: { disruptionsAllowed: allowed } as never,
});
const evictable: VmOptions = { labels: { app: 'web' }, spec: { evictionStrategy: 'None' } };
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
const outdated = (edit: (vmi: VirtualMachineInstance) => void = () => undefined) =>
  change((vmi) => {
    vmi.metadata.labels = { 'kubevirt.io/outdatedLauncherImage': '' };
    edit(vmi);
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

const cases: [id: string, message: RegExp, given: Given, miss: Given][] = [
  [
    'drain/not-migratable',
    /node n1 is to be emptied.*PVC root is not shared/,
    { n1: cordoned, web: change(notMigratable) },
    { web: change(notMigratable) },
  ],
  [
    'drain/not-migratable',
    /waits for ever for vms\/web/,
    { of: 'node/n1', n1: cordoned, web: change(notMigratable) },
    { of: 'node/n1', n1: cordoned },
  ],
  [
    'drain/not-migratable',
    /not said yet/,
    { n1: cordoned, web: change((vmi) => (vmi.status = { ...vmi.status, conditions: [] })) },
    { n1: cordoned, web: { spec: { evictionStrategy: 'LiveMigrateIfPossible' }, ...change(notMigratable) } },
  ],
  [
    'drain/external-strategy',
    /its eviction from n1 was asked for/,
    { web: { ...marked('n1'), spec: { evictionStrategy: 'External' } } },
    { web: marked('n1') },
  ],
  [
    'drain/external-strategy',
    /a drain of n1 waits for vms\/web/,
    { of: 'node/n1', web: { ...marked('n1'), spec: { evictionStrategy: 'External' } } },
    {
      of: 'node/n1',
      web: { ...marked('n1'), spec: { evictionStrategy: 'External' } },
      more: [migration('m', 'web', 'Running')],
    },
  ],
  [
    'drain/disruption-budget',
    /one-at-least allows no disruption/,
    { n1: cordoned, web: evictable, more: [budget(0)] },
    { n1: cordoned, web: evictable, more: [budget(1)] },
  ],
  [
    'drain/disruption-budget',
    /vms\/web \(PodDisruptionBudget one-at-least\)/,
    { of: 'node/n1', n1: cordoned, web: evictable, more: [budget(0)] },
    // KubeVirt's own, of 1.5 and older.
    { of: 'node/n1', n1: cordoned, web: evictable, more: [budget(0, 'VirtualMachineInstance')] },
  ],
  [
    'drain/evacuation-stuck',
    /from n1, though nothing empties that node any more/,
    { web: marked('n1'), more: [evacuation('m', 300)] },
    { web: marked('n1') },
  ],
  [
    'drain/evacuation-stuck',
    /for the eviction from n2, but runs on n1/,
    { web: marked('n2') },
    { web: marked('n1'), n1: cordoned, more: [evacuation('m', 300)] },
  ],
  [
    'moves/retry-loop',
    /last 3 migrations of it failed \(Live migration aborted\).*eviction from n1/,
    {
      web: marked('n1'),
      more: [evacuation('m1', 900), evacuation('m2', 600), evacuation('m3', 300)],
      events: [event('VirtualMachineInstance/web', 'MigrationBackoff', 'backoff migrating vmi vms/web')],
    },
    {
      web: marked('n1'),
      more: [evacuation('m1', 900), moved('m2', 600), evacuation('m3', 300), evacuation('m4', 200)],
    },
  ],
  [
    'moves/retry-loop',
    /its virt-launcher is outdated/,
    { web: outdated(), more: [failed('m1', 900, UPDATED), failed('m2', 600, UPDATED), failed('m3', 300, UPDATED)] },
    // Those of a user are not repeated.
    { web: outdated(), more: [failed('m1', 900, {}), failed('m2', 600, {}), failed('m3', 300, {})] },
  ],
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
  [
    'moves/again-and-again',
    /moved 4 times in the last 2 h \(4 by drains and evictions\)/,
    { more: [7000, 5000, 3000, 1000].map((seconds, at) => moved(`m${at}`, seconds, EVACUATED)) },
    { more: [7000, 5000, 3000].map((seconds, at) => moved(`m${at}`, seconds, EVACUATED)) },
  ],
  [
    'moves/drain',
    /it moved from n2 to n1 at .* because its pod on n2 was evicted/,
    { more: [moved('m', 600, EVACUATED)] },
    { more: [moved('m', 90_000, EVACUATED)] },
  ],
  [
    'moves/descheduler',
    /because the descheduler evicted it/,
    { more: [moved('m', 600, EVACUATED, (object) => (object.spec.priority = 'system-maintenance' as never))] },
    { more: [moved('m', 600, EVACUATED)] },
  ],
  [
    'moves/upgrade',
    /because KubeVirt was upgraded/,
    {
      web: outdated(),
      more: [
        migration('m', 'web', 'Pending', ({ metadata }) =>
          Object.assign(metadata, { annotations: UPDATED, creationTimestamp: ago(60) }),
        ),
      ],
    },
    { more: [moved('m', 600)] },
  ],
  [
    'moves/live-update',
    /because a change of its CPUs/,
    { more: [moved('m', 600, UPDATED, (object) => (object.spec.priority = 'user-triggered' as never))] },
    { more: [moved('m', 600, UPDATED)] },
  ],
  [
    'moves/volume-migration',
    /volumes of web were changed/,
    {
      more: [
        moved(
          'm',
          600,
          UPDATED,
          ({ metadata }) => (metadata.labels = { 'kubevirt.io/volume-update-migration': 'web' }),
        ),
      ],
    },
    { more: [moved('m', 600, UPDATED)] },
  ],
  [
    'moves/machine-config',
    /Machine Config Operator drained n1/,
    {
      n1: ({ metadata }) => (metadata.annotations = { 'machineconfiguration.openshift.io/state': 'Working' }),
      more: [moved('m', 600, { 'kubevirt.io/evacuationMigration': 'n1' })],
    },
    {
      n1: ({ metadata }) => (metadata.annotations = { 'machineconfiguration.openshift.io/state': 'Done' }),
      more: [moved('m', 600, { 'kubevirt.io/evacuationMigration': 'n1' })],
    },
  ],
  [
    'moves/cluster-autoscaler',
    /removing node n1/,
    {
      n1: ({ spec }) =>
        Object.assign(spec ?? {}, { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] }),
      more: [moved('m', 600, { 'kubevirt.io/evacuationMigration': 'n1' })],
    },
    { more: [moved('m', 600, { 'kubevirt.io/evacuationMigration': 'n1' })] },
  ],
];

const causeOf = (id: string) => causesOfVms.find((cause) => cause.id === id)!;

describe('causes of VMs', () => {
  test.each(cases)('%s: %s', (id, message, given, miss) => {
    const found = ask(causeOf(id), given.of ?? 'vm/web', objectsOf(given), given);
    expect(found?.message).toMatch(message);
    expect(ask(causeOf(id), miss.of ?? 'vm/web', objectsOf(miss), miss)).toBeUndefined();
  });

  test('each is in the table', () => {
    expect(new Set(cases.map(([id]) => id))).toEqual(new Set(causesOfVms.map(({ id }) => id)));
  });

  test('none is found of a VM that runs well and has moved by hand', () => {
    const objects = objectsOf({ more: [moved('kubevirt-migrate-vm-x', 600)] });
    expect(causesOfVms.filter((cause) => ask(cause, 'vm/web', objects) !== undefined)).toEqual([]);
  });

  test.each([
    ['v1.6.6', /KubeVirt 1\.6 and older have no other way/],
    ['v1.7.4', /evacuate\/cancel/],
  ])('how a mark is taken off in %s', (version, remedy) => {
    const found = ask(causeOf('drain/evacuation-stuck'), 'vm/web', objectsOf({ web: marked('n2') }), { version });
    expect(found?.remedies.join(' ')).toMatch(remedy);
  });
});
