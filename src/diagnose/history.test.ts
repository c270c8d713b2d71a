import { describe, expect, test } from 'vitest';
import type { EventRecord } from '../model/dossier.ts';
import type { KubeObject, Node, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { migration, node, nodes, vm } from '../model/testing/fixtures.ts';
import { vmsOf } from '../model/vm.ts';
import { clusterCase, vmCase } from './case.ts';
import { type HistoryEntry, historyOf } from './history.ts';
import { ago, dossierOf, event } from './testing/subjects.ts';

interface Given {
  migrations?: VirtualMachineInstanceMigration[];
  events?: EventRecord[];
  /** The node that the VM was on. */
  source?: (node: Node) => void;
  vmi?: (vmi: VirtualMachineInstance) => void;
  more?: KubeObject[];
}

function history({ migrations = [], events = [], source, vmi, more = [] }: Given): HistoryEntry[] {
  const web = vm('web', {
    on: 'n2',
    change: (objects) => {
      objects.vm.metadata.creationTimestamp = ago(900_000);
      objects.vmi.metadata.creationTimestamp = ago(899_990);
      vmi?.(objects.vmi);
    },
  });
  const others = nodes(3).filter(({ kind, metadata }) => kind !== 'Node' || metadata.name !== 'n1');
  const dossier = dossierOf([node('n1', source), ...others, ...web, ...migrations, ...more], { events });
  const found = vmsOf(dossier.snapshot).find(({ name }) => name === 'web')!;
  return historyOf(vmCase(clusterCase(dossier), found));
}

/** A migration of web from n1 to n2 that was created ten minutes ago and took 30 s. */
function moved(name: string, change: (object: VirtualMachineInstanceMigration) => void = () => undefined) {
  return migration(name, 'web', 'Succeeded', (object) => {
    object.metadata.creationTimestamp = ago(600);
    object.status = {
      phase: 'Succeeded',
      migrationState: {
        migrationUid: object.metadata.uid ?? '',
        sourceNode: 'n1',
        targetNode: 'n2',
        startTimestamp: ago(595),
        endTimestamp: ago(570),
        completed: true,
      },
    };
    change(object);
  });
}

const evacuated = (object: VirtualMachineInstanceMigration): void => {
  object.metadata.annotations = { 'kubevirt.io/evacuationMigration': 'n1' };
};
const updated = (object: VirtualMachineInstanceMigration): void => {
  object.metadata.annotations = { 'kubevirt.io/workloadUpdateMigration': '' };
};

describe('why a VM moved', () => {
  test.each<[string, Given, Partial<HistoryEntry>]>([
    ['somebody asked, with virtctl or the console', { migrations: [moved('kubevirt-migrate-vm-x')] }, { who: 'api' }],
    [
      'Ferry moved it',
      { migrations: [moved('m', ({ metadata }) => (metadata.labels = { 'app.kubernetes.io/managed-by': 'ferry' }))] },
      { who: 'ferry', because: 'Ferry moved web' },
    ],
    [
      'its pod was evicted, nobody knows by whom',
      { migrations: [moved('m', evacuated)] },
      { who: 'evacuation', trigger: 'eviction' },
    ],
    [
      'the node was cordoned before it was evacuated',
      {
        migrations: [moved('m', evacuated)],
        source: ({ spec }) =>
          Object.assign(spec ?? {}, {
            unschedulable: true,
            taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: ago(610) }],
          }),
      },
      { trigger: 'drain', because: 'n1 was cordoned and drained' },
    ],
    [
      'the node was cordoned after it had left: that tells nothing',
      {
        migrations: [moved('m', evacuated)],
        source: ({ spec }) =>
          Object.assign(spec ?? {}, {
            unschedulable: true,
            taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: ago(100) }],
          }),
      },
      { trigger: 'eviction' },
    ],
    [
      'the node was cordoned, which only an event still tells',
      {
        migrations: [moved('m', evacuated)],
        events: [
          event('Node/n1', 'NodeNotSchedulable', 'Node n1 status is now: NodeNotSchedulable', { secondsAgo: 605 }),
        ],
      },
      { trigger: 'drain' },
    ],
    [
      'the node has the drain taint',
      {
        migrations: [moved('m', evacuated)],
        source: ({ spec }) =>
          Object.assign(spec ?? {}, { taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] }),
      },
      { trigger: 'drain-taint' },
    ],
    [
      'the cluster autoscaler removes the node',
      {
        migrations: [moved('m', evacuated)],
        source: ({ spec }) =>
          Object.assign(spec ?? {}, {
            unschedulable: true,
            taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule', value: '1767323045' }],
          }),
      },
      { trigger: 'cluster-autoscaler' },
    ],
    [
      'OpenShift updates the node',
      {
        migrations: [moved('m', evacuated)],
        source: ({ metadata }) => (metadata.annotations = { 'machineconfiguration.openshift.io/state': 'Working' }),
      },
      { trigger: 'machine-config' },
    ],
    [
      'OpenShift has updated the node, which an event still tells',
      {
        migrations: [moved('m', evacuated)],
        events: [
          event('Node/n1', 'Drain', 'Draining node to update config.', {
            secondsAgo: 630,
            component: 'machineconfigcontroller-nodecontroller',
          }),
        ],
        source: ({ metadata }) => (metadata.annotations = { 'machineconfiguration.openshift.io/state': 'Done' }),
      },
      { trigger: 'machine-config' },
    ],
    [
      'the descheduler evicted it, in its own words',
      {
        migrations: [moved('m', evacuated)],
        events: [
          event(
            'Pod/virt-launcher-web-abcde',
            'LowNodeUtilization',
            'pod eviction from n1 node by sigs.k8s.io/descheduler',
            {
              secondsAgo: 602,
            },
          ),
        ],
      },
      { who: 'descheduler', trigger: 'descheduler' },
    ],
    [
      'the descheduler evicted it, by the priority of its migration',
      {
        migrations: [
          moved('m', (object) => {
            evacuated(object);
            object.spec.priority = 'system-maintenance' as never;
          }),
        ],
      },
      { who: 'descheduler' },
    ],
    [
      'what the descheduler did to it later tells nothing of an earlier evacuation',
      {
        migrations: [moved('m', evacuated)],
        vmi: ({ metadata }) => (metadata.annotations = { 'kubevirt.io/eviction-source': 'descheduler' }),
      },
      { who: 'evacuation', trigger: 'eviction' },
    ],
    [
      'KubeVirt was upgraded: other VMs were moved at the same time',
      {
        migrations: [moved('m', updated)],
        more: ['a', 'b'].map((name) =>
          migration(`m-${name}`, name, 'Succeeded', (object) => {
            updated(object);
            object.metadata.creationTimestamp = ago(640);
          }),
        ),
      },
      { who: 'workload-update', trigger: 'upgrade' },
    ],
    [
      'either of both, where nothing tells',
      { migrations: [moved('m', updated)] },
      { who: 'workload-update', trigger: 'update' },
    ],
    [
      'a change of the VM, by the priority of its migration',
      {
        migrations: [
          moved('m', (object) => {
            updated(object);
            object.spec.priority = 'user-triggered' as never;
          }),
        ],
      },
      { trigger: 'live-update' },
    ],
    [
      'its volumes were migrated',
      {
        migrations: [
          moved('m', (object) => {
            updated(object);
            object.metadata.labels = { 'kubevirt.io/volume-update-migration': 'web' };
          }),
        ],
      },
      { who: 'volume-migration' },
    ],
  ])('%s', (_, given, expected) => {
    const [entry, ...others] = history(given);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ kind: 'moved', at: ago(570), from: 'n1', to: 'n2', ...expected });
  });

  test('a move that KubeVirt does not keep any more is told by its events', () => {
    const events = [
      event('VirtualMachineInstance/web', 'SuccessfulCreate', 'Created Migration kubevirt-evacuation-old', {
        secondsAgo: 3000,
      }),
      event('VirtualMachineInstance/web', 'Migrated', 'The VirtualMachineInstance migrated to node n1.', {
        secondsAgo: 2950,
      }),
      event('VirtualMachineInstance/web', 'Migrated', 'The VirtualMachineInstance migrated to node n2.', {
        secondsAgo: 570,
      }),
    ];
    expect(history({ migrations: [moved('m')], events })).toMatchObject([
      { kind: 'moved', at: ago(2950), to: 'n1', who: 'evacuation', because: 'it was evacuated' },
      { kind: 'moved', at: ago(570), to: 'n2', migration: 'm' },
    ]);
  });

  test('a restart is told, the first start is not', () => {
    expect(history({})).toEqual([]);
    expect(history({ vmi: ({ metadata }) => (metadata.creationTimestamp = ago(50)) })).toMatchObject([
      { kind: 'started', at: ago(50) },
    ]);
  });

  test('failed and unfinished ones are told as such, in the order of time', () => {
    const failed = moved('m1', (object) => {
      object.status = {
        phase: 'Failed',
        migrationState: {
          migrationUid: object.metadata.uid ?? '',
          sourceNode: 'n1',
          targetNode: 'n3',
          endTimestamp: ago(580),
          failed: true,
        },
      };
    });
    const waits = migration('m2', 'web', 'Pending', ({ metadata }) => (metadata.creationTimestamp = ago(30)));
    expect(history({ migrations: [waits, failed] })).toMatchObject([
      { kind: 'failed', at: ago(580), from: 'n1', to: 'n3' },
      { kind: 'unfinished', at: ago(30), migration: 'm2' },
    ]);
  });
});
