import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Migration } from '../model/migrations.ts';
import { migrationsOf } from '../model/migrations.ts';
import type { KubeObject } from '../model/objects.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { kubeVirt, migration, nodes, snapshotOf, vm } from '../model/testing/fixtures.ts';
import { queueOf } from './queue.ts';

/** VMs on nodes, some of them migrating, others waiting; created a minute after each other. */
function cluster(
  each: { vm: string; on: string; phase: string; priority?: string; memory?: string }[],
  limits: { cluster: number; node: number },
  more: KubeObject[] = [],
  version = 'v1.6.6',
): Snapshot {
  const objects = each.flatMap(({ vm: name, on, phase, priority, memory }, index) => [
    ...vm(name, { on, ...(memory !== undefined && { memory }) }),
    migration(`m-${name}`, name, phase, (object) => {
      object.metadata.creationTimestamp = `2026-01-02T03:${String(index).padStart(2, '0')}:00Z`;
      if (priority !== undefined) object.spec.priority = priority as never;
    }),
  ]);
  const rest = nodes(3).filter(({ kind }) => kind !== 'KubeVirt');
  const settings = kubeVirt({
    parallelMigrationsPerCluster: limits.cluster,
    parallelOutboundMigrationsPerNode: limits.node,
  });
  return snapshotOf([...rest, settings, ...objects, ...more], (snapshot) => {
    snapshot.versions.kubevirt = version;
  });
}

function of(snapshot: Snapshot, name: string): Migration {
  const found = migrationsOf(snapshot).unfinished.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no migration ${name}`);
  return found;
}

describe('the place of a migration in the queue', () => {
  test('one that runs stands in none', () => {
    const snapshot = cluster([{ vm: 'a', on: 'n1', phase: 'Running' }], { cluster: 5, node: 2 });
    expect(queueOf(snapshot, of(snapshot, 'm-a'))).toBeUndefined();
  });

  test('the cluster’s limit: everybody who runs holds a slot', () => {
    const snapshot = cluster(
      [
        { vm: 'a', on: 'n1', phase: 'Running' },
        { vm: 'b', on: 'n2', phase: 'Scheduling' },
        { vm: 'c', on: 'n3', phase: 'Pending' },
        { vm: 'd', on: 'n3', phase: 'Pending' },
      ],
      { cluster: 2, node: 2 },
    );
    expect(queueOf(snapshot, of(snapshot, 'm-d'))).toEqual({
      position: 2,
      waiting: 2,
      heldBy: ['cluster'],
      holders: [
        { namespace: 'vms', name: 'm-a', vmi: 'a', phase: 'Running' },
        { namespace: 'vms', name: 'm-b', vmi: 'b', phase: 'Scheduling' },
      ],
      ordered: false,
    });
  });

  test('the node’s limit: only those that leave the same node hold it back', () => {
    const snapshot = cluster(
      [
        { vm: 'a', on: 'n1', phase: 'Running' },
        { vm: 'b', on: 'n2', phase: 'Running' },
        { vm: 'c', on: 'n1', phase: 'Pending' },
      ],
      { cluster: 5, node: 1 },
    );
    expect(queueOf(snapshot, of(snapshot, 'm-c'))).toMatchObject({ heldBy: ['node'], holders: [{ vmi: 'a' }] });
  });

  test.each([
    ['v1.6.6', 2, false],
    ['v1.9.0', 1, true],
  ])('in %s a drain goes first or not', (version, position, ordered) => {
    const snapshot = cluster(
      [
        { vm: 'a', on: 'n1', phase: 'Running' },
        { vm: 'b', on: 'n2', phase: 'Pending' },
        { vm: 'c', on: 'n3', phase: 'Pending', priority: 'system-critical' },
      ],
      { cluster: 1, node: 2 },
      [],
      version,
    );
    expect(queueOf(snapshot, of(snapshot, 'm-c'))).toMatchObject({ position, ordered });
  });

  test('starts when those before it have ended, by how long migrations took here', () => {
    const done = migration('old', 'a', 'Succeeded', (object) => {
      object.status = {
        phase: 'Succeeded',
        migrationState: {
          startTimestamp: '2026-01-02T00:00:00Z',
          endTimestamp: '2026-01-02T00:00:40Z',
          completed: true,
        },
      };
    });
    const snapshot = cluster(
      [
        { vm: 'a', on: 'n1', phase: 'Running', memory: '4Gi' },
        { vm: 'b', on: 'n1', phase: 'Pending', memory: '8Gi' },
        { vm: 'c', on: 'n1', phase: 'Pending', memory: '4Gi' },
      ],
      { cluster: 5, node: 1 },
      [done],
    );
    // 4 GiB took 40 s: 10 s a GiB, and 10 s besides.
    expect(queueOf(snapshot, of(snapshot, 'm-b'))?.expectedSeconds).toBe(50);
    expect(queueOf(snapshot, of(snapshot, 'm-c'))?.expectedSeconds).toBe(50 + 90);
  });

  test('every waiting migration has a place of its own, and nobody waits without a reason', () => {
    const one = fc.record({
      on: fc.constantFrom('n1', 'n2', 'n3'),
      phase: fc.constantFrom('Pending', 'Running', 'Scheduling'),
      priority: fc.option(fc.constantFrom('system-critical', 'user-triggered', 'system-maintenance'), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        (all, limit, node) => {
          const each = all.map(({ on, phase, priority }, index) => ({
            vm: `vm${index}`,
            on,
            phase,
            ...(priority && { priority }),
          }));
          const snapshot = cluster(each, { cluster: limit, node }, [], 'v1.9.0');
          const queues = migrationsOf(snapshot).unfinished.flatMap((migrating) => queueOf(snapshot, migrating) ?? []);
          const places = queues.map(({ position }) => position).sort((a, b) => a - b);
          expect(places).toEqual(places.map((_, index) => index + 1));
          for (const { heldBy, holders } of queues) expect(heldBy.length > 0).toBe(holders.length > 0);
        },
      ),
    );
  });
});
