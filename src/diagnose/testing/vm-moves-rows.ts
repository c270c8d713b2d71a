import type { PodDisruptionBudget, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { migration, type VmOptions } from '../../model/testing/fixtures.ts';
import { ago, event } from './subjects.ts';
import { change, cordoned, type Given, marked, moved, notMigratable, outdated } from './vm-objects.ts';

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

export const vmMovesRows: [id: string, message: RegExp, given: Given, miss: Given][] = [
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
