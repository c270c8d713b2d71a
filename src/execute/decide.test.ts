import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { decide } from './decide.ts';
import type { Budgets, MoveOrder } from './events.ts';
import { migrationName, nextMigrationName } from './name.ts';
import { activeMigrations, type Observed } from './observed.ts';

const nodes = ['a', 'b', 'c', 'd'];

interface World {
  /** Index of the VM's node, of the target (or none), whether it is asked to move, and whether it is migrating already, where to. */
  vms: { node: string; target: string | undefined; asked: boolean; migratingTo: string | undefined }[];
  budgets: Budgets;
}

const node = fc.constantFrom(...nodes);
const limit = fc.integer({ min: 1, max: 4 });
const world: fc.Arbitrary<World> = fc.record({
  vms: fc.array(
    fc.record({
      node,
      target: fc.option(node, { nil: undefined }),
      asked: fc.boolean(),
      migratingTo: fc.option(node, { nil: undefined, freq: 3 }),
    }),
    { maxLength: 14 },
  ),
  budgets: fc.record({ cluster: limit, outbound: limit, inbound: limit }),
});

function build({ vms }: World): { orders: MoveOrder[]; observed: Observed } {
  const observed: Observed = { vmis: new Map(), migrations: new Map() };
  const orders: MoveOrder[] = [];
  for (const [index, vm] of vms.entries()) {
    const name = `vm${index}`;
    const vmi: VirtualMachineInstance = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachineInstance',
      metadata: { name, namespace: 'n', uid: name },
      spec: { domain: { devices: {} } },
      status: { phase: 'Running', nodeName: vm.node },
    };
    if (vm.migratingTo !== undefined) {
      const uid = `m-${name}`;
      observed.migrations.set(uid, {
        apiVersion: 'kubevirt.io/v1',
        kind: 'VirtualMachineInstanceMigration',
        metadata: { name: uid, namespace: 'n', uid },
        spec: { vmiName: name },
        status: { phase: 'Running' },
      });
      vmi.status!.migrationState = { migrationUid: uid, sourceNode: vm.node, targetNode: vm.migratingTo };
    }
    observed.vmis.set(`n/${name}`, vmi);
    if (!vm.asked) continue;
    const target = vm.target === undefined ? {} : { target: { node: vm.target, selector: {} } };
    orders.push({ vm: { namespace: 'n', name }, vmiUid: name, source: vm.node, ...target });
  }
  return { orders, observed };
}

describe('whatever there is to do', () => {
  test('starting what is decided keeps every budget, and one migration a VM', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { orders, observed } = build(given);
        const active = activeMigrations(observed, { lastNode: new Map(), orders: new Map(), hostnames: new Map() });
        const started = decide(orders, observed, active, given.budgets).filter((decision) => decision.do === 'create');
        const running = [
          ...active,
          ...started.map(({ order }) => ({
            vm: `n/${order.vm.name}`,
            source: order.source as string | undefined,
            target: order.target?.node,
          })),
        ];
        expect(new Set(running.map(({ vm }) => vm)).size).toBe(running.length);
        const { cluster, outbound, inbound } = given.budgets;
        // What others began beyond the budgets is theirs; Ferry adds nothing to it.
        expect(running.length).toBeLessThanOrEqual(Math.max(cluster, active.length));
        for (const name of nodes) {
          const leaving = (of: typeof running): number => of.filter(({ source }) => source === name).length;
          expect(leaving(running)).toBeLessThanOrEqual(Math.max(outbound, leaving(active)));
        }
        for (const { order } of started) {
          if (order.target === undefined) continue;
          expect(order.target.node).not.toBe(order.source);
          expect(running.filter(({ target }) => target === order.target?.node).length).toBeLessThanOrEqual(inbound);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('something starts whenever nothing runs and a VM is to go elsewhere', () => {
    fc.assert(
      fc.property(world, (given) => {
        const still = { ...given, vms: given.vms.map((vm) => ({ ...vm, migratingTo: undefined })) };
        const { orders, observed } = build(still);
        const decisions = decide(orders, observed, [], given.budgets);
        const wanted = orders.some(({ target, source }) => target?.node !== source);
        expect(decisions.some((decision) => decision.do === 'create')).toBe(wanted);
      }),
    );
  });
});

describe('the name of a migration', () => {
  const migration = (name: string, uid: string, creationTimestamp: string): VirtualMachineInstanceMigration => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name, namespace: 'n', uid, creationTimestamp },
    spec: { vmiName: 'web' },
  });

  test('is the same for everyone until that migration exists, then another', () => {
    const first = nextMigrationName('web', 'vmi', []);
    expect(nextMigrationName('web', 'vmi', [])).toBe(first);
    const second = nextMigrationName('web', 'vmi', [migration(first, 'u1', '2026-01-01T00:00:00Z')]);
    expect(second).not.toBe(first);
    expect(nextMigrationName('web', 'another', [])).not.toBe(first);
  });

  test('is free even when creation times do not tell which migration is the newest', () => {
    const had: VirtualMachineInstanceMigration[] = [];
    // Uids that sort against the order of creation, all within a second.
    for (const uid of ['e', 'd', 'c', 'b', 'a']) {
      const name = nextMigrationName('web', 'vmi', had);
      expect(had.map(({ metadata }) => metadata.name)).not.toContain(name);
      had.push(migration(name, uid, '2026-01-01T00:00:00Z'));
    }
  });

  test('is a valid object name for every VM name', () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
        const name = migrationName(labels.join('.'), 'uid', undefined);
        expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
        expect(name.length).toBeLessThanOrEqual(63);
      }),
    );
  });
});
