// All checks of VMs against the first sixteen, on the same Snapshot in the same process.
import { spawnSync } from 'node:child_process';
import { checkVms } from '../src/assess/assess.ts';
import { checks } from '../src/assess/checks/index.ts';
import { parseSnapshot } from '../src/cluster/saved-snapshot.ts';
import type { Snapshot } from '../src/model/snapshot.ts';
import { vmsOf } from '../src/model/vm.ts';

/** What `check` began with; the catalogue must not make it slow. */
const FIRST = new Set([
  'health/virt-handler',
  'limits/parallel-migrations',
  'nodes/coreos',
  'nodes/source-ready',
  'quota/second-pod',
  'storage/local-volumes',
  'storage/raw-block',
  'storage/shared-volumes',
  'target/possible',
  'vm/eviction-strategy',
  'vm/host-devices',
  'vm/live-migratable',
  'vm/running',
  'vm/storage-live-migratable',
  'vm/unfinished-migration',
  'workload/intensity',
]);
const ROUNDS = 7;

/** Checks every VM of the lab, with the first checks and with all of them in turn. */
export async function catalogue(kubeconfig: string, holds: (promise: string, is: boolean) => void): Promise<void> {
  const saved = spawnSync(process.execPath, ['dist/ferry.js', 'snapshot', '-A', '--kubeconfig', kubeconfig], {
    maxBuffer: 2 ** 30,
  });
  const snapshot = await parseSnapshot(String(saved.stdout), 'the lab');
  const first = checks.filter(({ id }) => FIRST.has(id));
  if (first.length !== FIRST.size) throw new Error('one of the first checks has another id now');
  const times: { first: number[]; all: number[] } = { first: [], all: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.first.push(secondsOf(snapshot, first));
    times.all.push(secondsOf(snapshot, checks));
  }
  const [one, all] = [middle(times.first), middle(times.all)];
  const vms = vmsOf(snapshot).length;
  console.log(`${checks.length} checks of ${vms} VMs, against the ${first.length} that were there first`);
  console.log(`  ${(all * 1000).toFixed(0)} ms and ${(one * 1000).toFixed(0)} ms: ratio ${(all / one).toFixed(2)}`);
  holds('the whole catalogue takes at most twice the time of the first checks', all <= 2 * one);
}

function secondsOf(snapshot: Snapshot, which: typeof checks): number {
  // What is computed once for a Snapshot belongs to the time: a copy has nothing computed yet.
  const fresh = { ...snapshot };
  const start = performance.now();
  checkVms(fresh, vmsOf(fresh), {}, which);
  return (performance.now() - start) / 1000;
}

function middle(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
