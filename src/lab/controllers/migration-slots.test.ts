import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeVirt, Pod, VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { modify } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { generate } from '../scenarios/generate.ts';
import { type TestLab, testLab } from '../testing.ts';

let lab: TestLab;

describe('limits', () => {
  /** The most migrations that were under way at once, in all and by source node. */
  function most(): { cluster: number; source: number } {
    const active = new Map<string, string>();
    let cluster = 0;
    let source = 0;
    for (const { resource, object, type } of lab.log) {
      if (resource !== resources.migrations) continue;
      const migration = object as VirtualMachineInstanceMigration;
      const phase = migration.status?.phase ?? '';
      const uid = migration.metadata.uid ?? '';
      if (type === 'DELETED' || ['', 'Pending', 'Succeeded', 'Failed'].includes(phase)) active.delete(uid);
      else active.set(uid, migration.status?.migrationState?.sourcePod ?? '');
      cluster = Math.max(cluster, active.size);
      const nodes = [...active.values()].map(
        (name) => lab.store.get<Pod>(resources.pods, migration.metadata.namespace, name)?.spec?.nodeName ?? '',
      );
      for (const node of nodes) source = Math.max(source, nodes.filter((other) => other === node).length);
    }
    return { cluster, source };
  }

  function migrateAll(): VirtualMachineInstanceMigration[] {
    return lab.store
      .list<VirtualMachineInstance>(resources.vmis)
      .filter((vmi) => vmi.metadata.namespace === 'busy')
      .map((vmi) => lab.migrate('busy', vmi.metadata.name));
  }

  beforeEach(() => {
    const scenario = generate({ nodes: 4, vms: 24, seed: 'limits' });
    const vms = scenario.vms.map((vm) => ({
      ...vm,
      namespace: 'busy',
      disks: vm.disks.map((disk) => ({ ...disk, storage: 'ontap-nas' })),
    }));
    lab = testLab({ ...scenario, namespaces: [{ name: 'busy' }], vms });
  });

  test('keep five at most under way, two from each node; the others wait in Pending without a word', () => {
    const migrations = migrateAll();
    lab.clock.advanceBy(2000);
    const waiting = migrations
      .map((migration) => lab.migration(migration))
      .filter((migration) => migration?.status?.phase === 'Pending');
    expect(waiting.length).toBe(migrations.length - 5);
    expect(waiting.every((migration) => migration?.status?.conditions === undefined)).toBe(true);
    expect(lab.eventsOf('VirtualMachineInstanceMigration', waiting[0]?.metadata.name ?? '')).toEqual([]);
    lab.run();
    expect(most()).toEqual({ cluster: 5, source: 2 });
    expect(migrations.map((migration) => lab.migration(migration)?.status?.phase)).toEqual(
      Array(migrations.length).fill('Succeeded'),
    );
  });

  test('follow HyperConverged at once, without a restart', () => {
    const hco = lab.store.get<KubeVirt>(resources.hyperConvergeds, CNV_NAMESPACE, 'kubevirt-hyperconverged')!;
    modify(lab, resources.hyperConvergeds, hco, (draft) => {
      Object.assign((draft as unknown as { spec: { liveMigrationConfig: object } }).spec.liveMigrationConfig, {
        parallelMigrationsPerCluster: 2,
        parallelOutboundMigrationsPerNode: 1,
      });
    });
    lab.clock.advanceBy(1000);
    migrateAll();
    lab.run();
    expect(most()).toEqual({ cluster: 2, source: 1 });
  });

  test('keep only the five newest finished migrations of a VMI', () => {
    const [vmi] = lab.store.list<VirtualMachineInstance>(resources.vmis, 'busy');
    const made: VirtualMachineInstanceMigration[] = [];
    for (let count = 0; count < 7; count++) {
      made.push(lab.migrate('busy', vmi?.metadata.name ?? ''));
      lab.run();
      lab.clock.advanceBy(3000);
    }
    expect(made.map((migration) => lab.migration(migration) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
  });

  test('of a ResourceQuota show as a condition until there is room', () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace: 'busy' },
      spec: { hard: { pods: '1' } },
    };
    lab.store.create(resources.resourceQuotas, quota);
    const [vmi] = lab.store.list<VirtualMachineInstance>(resources.vmis, 'busy');
    const migration = lab.migrate('busy', vmi?.metadata.name ?? '');
    lab.clock.advanceBy(3000);
    const stuck = lab.migration(migration);
    expect(stuck?.status?.phase).toBe('Pending');
    expect(stuck?.status?.conditions).toEqual([
      {
        type: 'migrationRejectedByResourceQuota',
        status: 'True',
        lastProbeTime: expect.any(String),
        lastTransitionTime: null,
      },
    ]);
    expect(lab.eventsOf('VirtualMachineInstance', vmi?.metadata.name ?? '')[0]).toMatch(
      /^Warning FailedCreate Error creating pod: pods "virt-launcher-.*" is forbidden: exceeded quota: q, requested: pods=1, used: pods=\d+, limited: pods=1$/,
    );
    lab.store.delete(resources.resourceQuotas, 'busy', 'q');
    lab.run();
    expect(lab.migration(migration)?.status?.phase).toBe('Succeeded');
    expect(lab.migration(migration)?.status?.conditions ?? []).toEqual([]);
  });
});
