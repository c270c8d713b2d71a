import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeVirt, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { modify, remove } from '../cluster.ts';
import { resources } from '../resources.ts';
import { small } from '../scenarios/small.ts';
import { type TestLab, testLab } from '../testing.ts';

let lab: TestLab;

beforeEach(() => {
  lab = testLab(small);
});

describe('failure', () => {
  test('before the hand-off leaves no reason anywhere but in events: an unschedulable target, after 300 s', () => {
    const migration = lab.migrate('finance', 'license-server');
    lab.until(migration, 'Scheduling');
    const from = lab.clock.now();
    const failed = lab.until(migration, 'Failed');
    expect(Math.round((lab.clock.now() - from) / 1000)).toBeGreaterThanOrEqual(299);
    expect(Math.round((lab.clock.now() - from) / 1000)).toBeLessThanOrEqual(301);
    expect(Object.keys(failed.status?.migrationState ?? {})).toEqual(['sourcePod']);
    const pod = lab.log.find(({ resource, type }) => resource === resources.pods && type === 'ADDED')?.object.metadata
      .name;
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toEqual([
      `Normal SuccessfulCreate Created migration target pod ${pod}`,
      'Warning migrationTargetPodUnschedulable Migration target pod for VMI [finance/license-server] is currently unschedulable.',
      `Normal SuccessfulDelete unschedulable pod finance/${pod} timeout period exceeded`,
      'Warning FailedMigration Migration target pod was removed during active migration.',
    ]);
    expect(lab.vmi('finance', 'license-server').status?.migrationState).toBeUndefined();
  });

  test.each([
    ['kubevirt.io/migrationUnschedulablePodTimeoutSeconds', 'finance', 'license-server', 'unschedulable', 7, 6],
    ['kubevirt.io/migrationPendingPodTimeoutSeconds', 'shop', 'storefront-web-1', 'pending', 7, 6],
    ['lab.ferry.run/none', 'shop', 'storefront-web-1', 'pending', 900, 899],
  ])(
    'annotation %s decides when VM %s/%s’s %s target pod is given up',
    (annotation, namespace, name, what, seconds, early) => {
      const all = (): boolean => true;
      const given = (): boolean =>
        lab
          .eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)
          .some((text) => text.startsWith(`Normal SuccessfulDelete ${what} pod`));
      const migration = lab.migrate(namespace, name);
      modify<VirtualMachineInstanceMigration>(lab, resources.migrations, migration, (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, [annotation]: String(seconds) };
      });
      lab.until(migration, 'Scheduling');
      // The pod is bound, but nobody starts it.
      if (what === 'pending') {
        lab.clock.advanceBy(60);
        lab.broken.unstartable.add(all);
      }
      lab.clock.advanceBy(early * 1000);
      expect(given()).toBe(false);
      lab.clock.advanceBy(2000);
      expect(given()).toBe(true);
      lab.broken.unstartable.delete(all);
      lab.until(migration, 'Failed');
      lab.run();
      expect(Object.keys(lab.migration(migration)?.status?.migrationState ?? {})).toEqual(['sourcePod']);
    },
  );

  test('of the hypervisor is told with its reason, and the VM stays where it was', () => {
    lab = testLab(small, { seconds: 0 });
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, 'Running');
    lab.asked[0]?.done({
      result: 'failed',
      reason: 'Live migration stuck for 150 seconds and has been aborted',
      abortStatus: 'Succeeded',
    });
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Failed');
    expect(lab.migration(migration)?.status?.migrationState).toMatchObject({
      failed: true,
      completed: true,
      failureReason: 'Live migration stuck for 150 seconds and has been aborted',
      abortStatus: 'Succeeded',
    });
    const vmi = lab.vmi('shop', 'storefront-web-1');
    expect(vmi.status?.nodeName).toBe('worker-0');
    expect(vmi.status?.phase).toBe('Running');
    expect(lab.eventsOf('VirtualMachineInstance', 'storefront-web-1')).toContain(
      `Warning Migrated VirtualMachineInstance migration uid ${migration.metadata.uid} failed. reason:Live migration stuck for 150 seconds and has been aborted`,
    );
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
      'Warning FailedMigration source node reported migration failed',
    );
  });

  test.each([
    ['Scheduling', 'Migration target pod was removed during active migration.', undefined],
    ['PreparingTarget', 'Migration target pod was removed during active migration.', 'Target pod is down'],
    ['Running', 'source node reported migration failed', expect.stringContaining('Lost connection')],
  ])('follows when the target pod is deleted in %s', (phase, message, reason) => {
    lab = testLab(small, { seconds: 0 });
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, phase);
    remove(lab, resources.pods, lab.targetPods.get(migration.metadata.uid ?? '')[0]!);
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Failed');
    expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name).at(-1)).toBe(
      `Warning FailedMigration ${message}`,
    );
    expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState?.failureReason).toEqual(reason);
    expect(lab.vmi('shop', 'storefront-web-1').status).toMatchObject({ phase: 'Running', nodeName: 'worker-0' });
  });

  test('follows when the VM is stopped meanwhile', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, 'Running');
    const vm = lab.store.get<KubeVirt>(resources.vms, 'shop', 'storefront-web-1')!;
    modify(lab, resources.vms, vm, (draft) =>
      Object.assign((draft as unknown as { spec: object }).spec, { runStrategy: 'Halted' }),
    );
    lab.run();
    expect(lab.store.get(resources.vmis, 'shop', 'storefront-web-1')).toBeUndefined();
    expect(lab.migration(migration)).toBeUndefined();
  });
});

describe('cancelling by deletion', () => {
  const cancelled = (phase: string): VirtualMachineInstanceMigration => {
    lab = testLab(small, { seconds: 0 });
    const migration = lab.migrate('shop', 'storefront-web-1');
    if (phase !== '') lab.until(migration, phase);
    remove(lab, resources.migrations, migration);
    return migration;
  };

  test.each(['', 'Pending', 'Scheduling', 'Scheduled'])(
    'in phase "%s" removes the target pod and ends Failed, then gone',
    (phase) => {
      const migration = cancelled(phase);
      lab.run();
      expect(lab.migration(migration)).toBeUndefined();
      const last = lab.states(migration).findLast(({ type }) => type === 'MODIFIED')?.object;
      expect(last?.status?.phase).toBe('Failed');
      expect(last?.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
        ['migrationAbortRequested', 'True'],
      ]);
      expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name)).toContain(
        'Warning FailedMigration Migration failed due to being canceled',
      );
      expect(lab.targetPods.count(migration.metadata.uid ?? '')).toBe(0);
      expect(lab.vmi('shop', 'storefront-web-1').status?.migrationState).toBeUndefined();
      expect(lab.asked).toEqual([]);
    },
  );

  test.each(['PreparingTarget', 'TargetReady', 'Running'])(
    'in phase %s lets it enter Running, then aborts it there',
    (phase) => {
      const migration = cancelled(phase);
      lab.run();
      expect(lab.migration(migration)).toBeUndefined();
      const seen = lab.states(migration).map(({ object }) => object.status?.phase);
      expect(seen).toContain('Running');
      const vmi = lab.vmi('shop', 'storefront-web-1');
      expect(vmi.status?.migrationState).toMatchObject({
        abortRequested: true,
        abortStatus: 'Succeeded',
        failed: true,
        completed: true,
        failureReason: 'Live migration aborted ',
      });
      expect(vmi.status?.nodeName).toBe('worker-0');
      expect(lab.eventsOf('VirtualMachineInstanceMigration', migration.metadata.name).slice(-2)).toEqual([
        'Normal SuccessfulAbortMigration Migration is ready to be canceled by virt-handler.',
        'Warning FailedMigration source node reported migration failed',
      ]);
      expect(lab.eventsOf('VirtualMachineInstance', 'storefront-web-1')).toContain(
        'Normal Migrating VirtualMachineInstance is aborting migration.',
      );
    },
  );

  test('of a finished one just deletes history', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.run();
    const before = lab.log.length;
    remove(lab, resources.migrations, lab.migration(migration)!);
    lab.run();
    expect(lab.log.slice(before).map(({ type, resource }) => `${type} ${resource}`)).toContain(
      `DELETED ${resources.migrations}`,
    );
    expect(lab.vmi('shop', 'storefront-web-1').status?.nodeName).not.toBe('worker-0');
  });
});

describe('a node that is silent for a moment', () => {
  test('in TargetReady: nobody answers at the target, and the migration fails', () => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, 'TargetReady');
    const target = lab.vmi('shop', 'storefront-web-1').status?.migrationState?.targetNode ?? '';
    modify(lab, resources.nodes, lab.store.get(resources.nodes, undefined, target)!, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, 'lab.ferry.run/down': 'true' };
    });
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Failed');
    const { status } = lab.vmi('shop', 'storefront-web-1');
    expect([status?.phase, status?.nodeName]).toEqual(['Running', 'worker-0']);
    expect(status?.migrationState?.failureReason).toContain('Lost connection to destination host');
  });

  test.each([
    ['PreparingTarget', 'worker-0'],
    ['TargetReady', 'worker-0'],
    ['PreparingTarget', 'target'],
  ])('in %s: a migration from or to %s goes on when it is back', (phase, which) => {
    const migration = lab.migrate('shop', 'storefront-web-1');
    lab.until(migration, phase);
    const target = lab.vmi('shop', 'storefront-web-1').status?.migrationState?.targetNode ?? '';
    const node = lab.store.get(resources.nodes, undefined, which === 'target' ? target : which)!;
    const silence = (down: boolean): void => {
      modify(lab, resources.nodes, node, (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, 'lab.ferry.run/down': String(down) };
      });
    };
    silence(true);
    lab.clock.advanceBy(2000);
    expect(lab.migration(migration)?.status?.phase).toMatch(/PreparingTarget|TargetReady/);
    silence(false);
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
  });
});
