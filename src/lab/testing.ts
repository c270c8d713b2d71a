import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../model/objects.ts';
import { type KubeVirtVersion, kubevirt16 } from '../model/versions/index.ts';
import { Store, type StoreEvent } from './api/store.ts';
import { Clock } from './clock.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type Controllers, startControllers } from './controllers/index.ts';
import { newMigration } from './controllers/new-migration.ts';
import type { Hypervisor, MigrationMode, MigrationOrder, MigrationOutcome } from './hypervisor/hypervisor.ts';
import { random } from './random.ts';
import { resources } from './resources.ts';
import { buildScenario } from './scenarios/build.ts';
import type { Scenario } from './scenarios/scenario.ts';

// For tests: a lab without a server, on a clock that the test drives.

/** A migration the test's hypervisor was asked for. */
export interface FakeMigration {
  order: MigrationOrder;
  done(outcome: MigrationOutcome): void;
  mode(mode: MigrationMode): void;
}

export interface TestLab extends Cluster, Controllers {
  /** All migrations asked for, in order. */
  asked: FakeMigration[];
  migrate(
    namespace: string,
    vmi: string,
    spec?: { addedNodeSelector?: Record<string, string> },
  ): VirtualMachineInstanceMigration;
  vmi(namespace: string, name: string): VirtualMachineInstance;
  migration(migration: VirtualMachineInstanceMigration): VirtualMachineInstanceMigration | undefined;
  /** Every change since the lab was built. */
  log: StoreEvent[];
  /** Until nothing is left to do; throws the first fault of the lab. */
  run(): void;
  /** Until a migration has reached a phase. */
  until(migration: VirtualMachineInstanceMigration, phase: string): VirtualMachineInstanceMigration;
  /** What a watch of one migration sees. */
  states(migration: VirtualMachineInstanceMigration): { type: string; object: VirtualMachineInstanceMigration }[];
  /** `TYPE REASON MESSAGE` of the events about an object, in order. */
  eventsOf(kind: string, name: string): string[];
}

interface EventObject {
  involvedObject: { kind: string; name: string };
  type: string;
  reason: string;
  message: string;
}

/** A hypervisor whose migrations all take `seconds`; 0: until the test ends them. */
export function fakeHypervisor(clock: Clock, seconds: number, asked: FakeMigration[]): Hypervisor {
  return {
    migrate: (order, on) => {
      let open = true;
      const started = clock.now();
      const done = (outcome: MigrationOutcome): void => {
        if (!open) return;
        open = false;
        on.done(outcome);
      };
      asked.push({ order, done, mode: (mode) => on.mode(mode) });
      const { fails } = order;
      if (fails !== undefined) {
        clock.after(fails.afterMs, () => done({ result: 'failed', reason: fails.reason }));
      } else if (seconds > 0) {
        clock.after(seconds * 1000, () => done({ result: 'succeeded', downtimeMs: 50, bytes: order.guest.size }));
      }
      return {
        progress: () => ({
          elapsedMs: clock.now() - started,
          processedBytes: order.guest.size / 2,
          remainingBytes: order.guest.size / 2,
          totalBytes: order.guest.size,
          transferRate: 1e9,
          dirtyRate: 1e6,
          iteration: 1,
          mode: 'PreCopy',
        }),
        abort: (reason) => {
          clock.after(50, () => done({ result: 'failed', reason, abortStatus: 'Succeeded' }));
          return true;
        },
        fail: (reason) => done({ result: 'failed', reason }),
      };
    },
  };
}

export function testLab(
  scenario: Scenario,
  {
    seconds = 5,
    seed = '1',
    version = kubevirt16,
  }: { seconds?: number; seed?: string; version?: KubeVirtVersion } = {},
): TestLab {
  const clock = new Clock(Date.parse('2026-03-01T08:00:00Z'));
  const rng = random(seed);
  const asked: FakeMigration[] = [];
  const cluster = createCluster({
    clock,
    random: rng,
    store: new Store(clock, rng),
    hypervisor: fakeHypervisor(clock, seconds, asked),
    version,
  });
  buildScenario(cluster, scenario);
  const controllers = startControllers(cluster);
  const { store } = cluster;
  const vmi = (namespace: string, name: string): VirtualMachineInstance => {
    const found = store.get<VirtualMachineInstance>(resources.vmis, namespace, name);
    if (found === undefined) throw new Error(`no VMI ${namespace}/${name}`);
    return found;
  };
  const log: StoreEvent[] = [];
  store.subscribe((event) => log.push(event));
  const migration = ({ metadata }: VirtualMachineInstanceMigration): VirtualMachineInstanceMigration | undefined =>
    store.get<VirtualMachineInstanceMigration>(resources.migrations, metadata.namespace, metadata.name);
  return {
    ...cluster,
    ...controllers,
    asked,
    log,
    vmi,
    migration,
    migrate: (namespace, name, spec = {}) =>
      newMigration(cluster, vmi(namespace, name), { generateName: 'test-', ...spec }),
    run: () => {
      clock.runUntilIdle();
      if (cluster.faults[0] !== undefined) throw cluster.faults[0];
    },
    until: (of, phase) => {
      for (let step = 0; step < 200_000; step++) {
        const now = migration(of);
        if (now?.status?.phase === phase) return now;
        clock.advanceBy(10);
      }
      throw new Error(`${of.metadata.name} never reached ${phase}`);
    },
    states: (of) =>
      log
        .filter(({ resource, object }) => resource === resources.migrations && object.metadata.uid === of.metadata.uid)
        .map(({ type, object }) => ({ type, object: object as VirtualMachineInstanceMigration })),
    eventsOf: (kind, name) =>
      log.flatMap(({ resource, type, object }) => {
        const event = object as unknown as EventObject;
        if (resource !== resources.events || type !== 'ADDED') return [];
        if (event.involvedObject.kind !== kind || event.involvedObject.name !== name) return [];
        return [`${event.type} ${event.reason} ${event.message}`];
      }),
  };
}
