import type { Pod } from '../../model/objects.ts';
import type { VmName } from './parameters.ts';

/** Whether a pod is the target of a migration: of a VM, to a node, if these are given. */
export function isTarget(pod: Pod, { vm, node }: { vm?: VmName; node?: string }): boolean {
  const labels = pod.metadata.labels ?? {};
  if (labels['kubevirt.io/migrationJobUID'] === undefined) return false;
  if (node !== undefined && pod.spec?.nodeName !== node) return false;
  return vm === undefined || (pod.metadata.namespace === vm.namespace && labels['vm.kubevirt.io/name'] === vm.name);
}
