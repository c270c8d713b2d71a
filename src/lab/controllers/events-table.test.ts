import { beforeEach, describe, expect, test } from 'vitest';
import type { Node, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { versions } from '../../model/versions/index.ts';
import { modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

// facts/kubevirt.md G4: who says what about what, as it can be caused in the lab.

interface Said {
  type: string;
  reason: string;
  message: string;
  source: { component: string };
  count: number;
  involvedObject: { kind: string; name: string };
}

let lab: TestLab;

const said = (kind: string, name: string): string[] =>
  lab.store
    .list(resources.events)
    .map((event) => event as unknown as Said)
    .filter(({ involvedObject }) => involvedObject.kind === kind && involvedObject.name === name)
    .map(({ type, reason, message, source }) => `${type} ${reason} ${source.component}: ${plain(message)}`);

/** Without names and addresses that are drawn. */
const plain = (text: string): string =>
  text
    .replaceAll(/virt-launcher-[a-z0-9-]+/g, 'POD')
    .replaceAll(/\d+\.\d+\.\d+\.\d+/g, 'IP')
    .replaceAll(/ports: [\d,]+/g, 'ports: PORTS')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UID')
    .replaceAll(/kubevirt-evacuation-[a-z0-9]+/g, 'kubevirt-evacuation-X')
    .replaceAll(/worker-\d/g, 'NODE');

const VMI = 'VirtualMachineInstance';
const VMIM = 'VirtualMachineInstanceMigration';
const CREATED = 'Normal SuccessfulCreate virtualmachine-controller: Created migration target pod POD';
const HANDED =
  'Normal SuccessfulHandOver virtualmachine-controller: Migration target pod is ready for preparation by virt-handler.';
const PREPARED = 'Normal PreparingTarget virt-handler: VirtualMachineInstance Migration Target Prepared.';
const LISTENS = 'Normal PreparingTarget virt-handler: Migration Target is listening at IP, on ports: PORTS';
const MIGRATING = 'Normal Migrating virt-handler: VirtualMachineInstance is migrating.';

beforeEach(() => {
  lab = testLab(small, { version: versions.find(({ name }) => name === '1.6')! });
});

const start = (): VirtualMachineInstanceMigration => lab.migrate('shop', 'orders-db');
const targetPodOf = (migration: VirtualMachineInstanceMigration): Pod =>
  lab.targetPods.get(migration.metadata.uid ?? '')[0]!;
const after = (seconds: number): void => lab.clock.advanceBy(seconds * 1000);

/** Takes the source node's companions out of reach. */
function cordonAll(): void {
  for (const node of lab.store.list<Node>(resources.nodes)) {
    modify<Node>(lab, resources.nodes, node, (draft) => {
      draft.spec = { ...draft.spec, unschedulable: true };
    });
  }
}

interface Case {
  name: string;
  run: () => VirtualMachineInstanceMigration | undefined;
  vmi?: string[];
  migration?: string[];
}

const cases: Case[] = [
  {
    name: 'a migration that succeeds',
    run: () => {
      const migration = start();
      lab.until(migration, 'Succeeded');
      return migration;
    },
    vmi: [
      PREPARED,
      LISTENS,
      MIGRATING,
      'Normal Migrated virt-handler: The VirtualMachineInstance migrated to node NODE.',
    ],
    migration: [
      CREATED,
      HANDED,
      'Normal SuccessfulMigration virtualmachine-controller: Source node reported migration succeeded',
    ],
  },
  {
    name: 'a migration that is deleted while it runs',
    run: () => {
      const migration = start();
      remove(lab, resources.migrations, lab.until(migration, 'Running'));
      after(3);
      return migration;
    },
    vmi: [
      'Normal Migrating virt-handler: VirtualMachineInstance is aborting migration.',
      'Warning Migrated virt-handler: VirtualMachineInstance migration uid UID failed. reason:Live migration aborted ',
    ],
    migration: [
      'Normal SuccessfulAbortMigration virtualmachine-controller: Migration is ready to be canceled by virt-handler.',
      'Warning FailedMigration virtualmachine-controller: source node reported migration failed',
    ],
  },
  {
    name: 'a migration that is deleted before it is handed over',
    run: () => {
      const migration = start();
      remove(lab, resources.migrations, lab.until(migration, 'Scheduling'));
      after(3);
      return migration;
    },
    migration: [
      'Normal SuccessfulDelete virtualmachine-controller: migration canceled and pod shop/POD is deleted',
      'Warning FailedMigration virtualmachine-controller: Migration failed due to being canceled',
    ],
  },
  {
    name: 'a migration without a node to go to',
    run: () => {
      cordonAll();
      const migration = start();
      lab.until(migration, 'Failed');
      return migration;
    },
    migration: [
      'Warning migrationTargetPodUnschedulable virtualmachine-controller: Migration target pod for VMI [shop/orders-db] is currently unschedulable.',
      'Normal SuccessfulDelete virtualmachine-controller: unschedulable pod shop/POD timeout period exceeded',
      'Warning FailedMigration virtualmachine-controller: Migration target pod was removed during active migration.',
    ],
  },
  {
    name: 'a target pod that goes away before the hand-over',
    run: () => {
      const migration = start();
      lab.until(migration, 'Scheduling');
      remove(lab, resources.pods, targetPodOf(migration), 0);
      after(3);
      return migration;
    },
    migration: [
      'Warning FailedMigration virtualmachine-controller: Migration target pod was removed during active migration.',
    ],
  },
  {
    name: 'an evacuation that fails, and the next one, which waits',
    run: () => {
      lab = testLab(small, { version: versions.find(({ name }) => name === '1.6')!, seconds: 0 });
      modify<VirtualMachineInstance>(lab, resources.vmis, lab.vmi('shop', 'orders-db'), (draft) => {
        draft.status = { ...draft.status, evacuationNodeName: draft.status?.nodeName ?? '' };
      });
      after(10);
      lab.asked.at(-1)?.done({ result: 'failed', reason: 'broken', abortStatus: 'Failed' } as never);
      after(20);
      return undefined;
    },
    vmi: [
      'Normal SuccessfulCreate evacuation-controller: Created Migration kubevirt-evacuation-X',
      'Warning MigrationBackoff virtualmachine-controller: backoff migrating vmi shop/orders-db',
    ],
  },
];

describe('events of a migration', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (_, { run, vmi = [], migration = [] }) => {
    const made = run();
    expect(said(VMI, 'orders-db')).toEqual(expect.arrayContaining(vmi));
    if (made !== undefined) expect(said(VMIM, made.metadata.name)).toEqual(expect.arrayContaining(migration));
    expect(lab.faults).toEqual([]);
  });

  test.each([
    ['1.6', true],
    ['1.9', false],
  ])(
    'with KubeVirt %s a VM that cannot leave a drained node is complained about: %s, once a minute',
    (name, expected) => {
      lab = testLab(small, { version: versions.find((version) => version.name === name)! });
      const vmi = lab.vmi('shop', 'mail-relay');
      modify<VirtualMachineInstance>(lab, resources.vmis, vmi, (draft) => {
        draft.spec.evictionStrategy = 'LiveMigrate';
      });
      const node = lab.store.get<Node>(resources.nodes, undefined, vmi.status?.nodeName ?? '')!;
      modify<Node>(lab, resources.nodes, node, (draft) => {
        draft.spec = { ...draft.spec, taints: [{ key: 'kubevirt.io/drain', effect: 'NoSchedule' }] };
      });
      after(130);
      const events = lab.store
        .list(resources.events)
        .map((event) => event as unknown as Said)
        .filter(
          ({ message, involvedObject }) => message.endsWith('not migrateable') && involvedObject.name === 'mail-relay',
        );
      expect(events.map(({ reason, count }) => [reason, count])).toEqual(expected ? [['FailedCreate', 3]] : []);
    },
  );
});

test('of seven migrations that ended, the five newest stay', () => {
  const made: string[] = [];
  for (let round = 0; round < 7; round++) {
    const migration = start();
    made.push(migration.metadata.name);
    lab.until(migration, 'Succeeded');
    after(40);
  }
  const kept = lab.migrationsOf.get('shop/orders-db').map(({ metadata }) => metadata.name);
  expect(kept.toSorted()).toEqual(made.slice(-5).toSorted());
});
