// Migrates the VMs of a lab in virtual time and tells, over IPC, the heap that is left. Run with --expose-gc.

import { Store } from '../../src/lab/api/store.ts';
import { Clock } from '../../src/lab/clock.ts';
import { createCluster } from '../../src/lab/cluster.ts';
import { startControllers } from '../../src/lab/controllers/index.ts';
import { isFinalMigration } from '../../src/lab/controllers/migration-slots.ts';
import { withMigrationDefaults } from '../../src/lab/controllers/new-migration.ts';
import { modelHypervisor } from '../../src/lab/hypervisor/model.ts';
import { createNetwork } from '../../src/lab/hypervisor/network.ts';
import { random } from '../../src/lab/random.ts';
import { resources } from '../../src/lab/resources.ts';
import { buildScenario } from '../../src/lab/scenarios/build.ts';
import { busy } from '../../src/lab/scenarios/busy.ts';
import type { VirtualMachineInstance, VirtualMachineInstanceMigration } from '../../src/model/objects.ts';
import { versionOf } from '../../src/model/versions/index.ts';

/** What is told each time a wanted number of migrations has ended. */
export interface Report {
  ended: number;
  failed: number;
  heapMiB: number;
  /** Lab time since the start, hours. */
  hours: number;
  /** Objects of each resource. */
  objects: Record<string, number>;
  faults: string[];
}

const reportAt = process.argv.slice(2).map(Number);
const version = versionOf('next');
if (version === undefined) throw new Error('there is no next version');
const clock = new Clock(Date.parse('2026-03-01T08:00:00Z'));
const rng = random('soak');
const store = new Store(clock, rng);
const network = createNetwork({ nicSpeed: 1.175e9, nicSpeeds: {} });
const hypervisor = modelHypervisor({ clock, rng: rng.fork('hypervisor'), network });
const cluster = createCluster({ clock, store, random: rng, version, hypervisor });
buildScenario(cluster, busy);
startControllers(cluster);
const start = clock.now();

const keyOf = (namespace: string | undefined, name: string | undefined): string => `${namespace}/${name}`;
const migrating = new Set<string>();
const count = { ended: 0, failed: 0 };
store.subscribe(({ resource, object, previous }) => {
  if (resource !== resources.migrations) return;
  const migration = object as VirtualMachineInstanceMigration;
  if (!isFinalMigration(migration) || (previous !== undefined && isFinalMigration(previous as never))) return;
  count.ended++;
  if (migration.status?.phase === 'Failed') count.failed++;
  migrating.delete(keyOf(migration.metadata.namespace, migration.spec.vmiName));
});

const movable = store
  .list<VirtualMachineInstance>(resources.vmis)
  .filter(({ status }) =>
    status?.conditions?.some(({ type, status }) => type === 'LiveMigratable' && status === 'True'),
  );

function migrate({ metadata }: VirtualMachineInstance): void {
  const key = keyOf(metadata.namespace, metadata.name);
  if (migrating.has(key)) return;
  migrating.add(key);
  const migration = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: '', generateName: 'soak-', namespace: metadata.namespace ?? '' },
    spec: { vmiName: metadata.name },
  };
  store.create(resources.migrations, withMigrationDefaults(migration));
}

function report(): Report {
  globalThis.gc?.();
  globalThis.gc?.();
  return {
    ...count,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
    hours: (clock.now() - start) / 3_600_000,
    objects: Object.fromEntries(store.resources().map((resource) => [resource, store.count(resource)])),
    faults: cluster.faults.map(String),
  };
}

let turn = 0;
for (const wanted of reportAt) {
  while (count.ended < wanted && clock.now() - start < 100 * 3_600_000) {
    // About a thousand an hour: so that events come and go while it runs.
    for (let more = 0; more < 3; more++) migrate(movable[turn++ % movable.length] as VirtualMachineInstance);
    clock.advanceBy(10_000);
  }
  process.send?.(report());
}
process.disconnect?.();
