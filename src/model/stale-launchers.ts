import type { Pod } from './objects.ts';
import type { Vm } from './vm.ts';

/** How long a pod may take to end after its VM has moved, ms: the launcher's grace period is 30 s, and the kubelet needs some. */
const GRACE = 60_000;

/**
 * Launcher pods of a running VM that are neither its own nor the target of an unfinished migration: KubeVirt starts no
 * other migration of it while they are there (facts/kubevirt.md C1; facts/anchors.md 2, pain 20).
 */
export function staleLaunchersOf(vm: Vm): Pod[] {
  if (!vm.running || vm.launcher === undefined || vm.launchers.length < 2) return [];
  const jobs = new Set(vm.unfinished.map(({ uid }) => uid));
  return vm.launchers.filter(
    (pod) => pod !== vm.launcher && !jobs.has(pod.metadata.labels?.['kubevirt.io/migrationJobUID'] ?? ''),
  );
}

/** Whether the last migration has only just ended, so that its source pod is still to end by itself. `now`: ms since the epoch. */
export function hasJustMoved({ vmi }: Vm, now: number): boolean {
  const ended = vmi?.status?.migrationState?.endTimestamp;
  return ended !== undefined && ended !== null && now - Date.parse(ended) <= GRACE;
}
