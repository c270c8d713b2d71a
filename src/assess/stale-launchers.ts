import { perSnapshot } from '../model/memo.ts';
import { isFinal } from '../model/migrations.ts';
import type { Pod } from '../model/objects.ts';
import { itemsOf, type Snapshot } from '../model/snapshot.ts';
import { type Vm, vmsOf } from '../model/vm.ts';

/** A launcher pod that a finished migration has left behind: KubeVirt starts no other migration of the VM while it is there. */
export interface StaleLauncher {
  vm: Vm;
  pod: Pod;
}

/** Seconds that a pod may take to end after a migration has: the launcher's grace period is 30 s. */
const GRACE = 60;

/** Launcher pods of running VMs that are neither the VM's own nor the target of an unfinished migration (facts/kubevirt.md C1; facts/anchors.md 2, pain 20). */
export const staleLaunchersOf = perSnapshot((snapshot: Snapshot): StaleLauncher[] => {
  const now = Date.parse(snapshot.takenAt);
  const unfinished = new Set(
    itemsOf(snapshot.lists.migrations).flatMap((object) => (isFinal(object) ? [] : (object.metadata.uid ?? []))),
  );
  return vmsOf(snapshot).flatMap((vm) => {
    if (vm.node === undefined || vm.launchers.length < 2 || vm.unfinished.length > 0) return [];
    const ended = vm.vmi?.status?.migrationState?.endTimestamp;
    if (ended !== undefined && ended !== null && now - Date.parse(ended) < GRACE * 1000) return [];
    return vm.launchers
      .filter(
        (pod) => pod !== vm.launcher && !unfinished.has(pod.metadata.labels?.['kubevirt.io/migrationJobUID'] ?? ''),
      )
      .map((pod) => ({ vm, pod }));
  });
});
