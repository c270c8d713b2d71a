import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { Cluster } from '../cluster.ts';
import { resources } from '../resources.ts';

/** Whether a virt-handler that was asked to end still carries migrations: it waits for them, and takes no new ones (facts/kubevirt.md C4). */
export function isBusyHandler(cluster: Cluster, pod: Pod): boolean {
  const node = pod.spec?.nodeName;
  if (node === undefined || pod.metadata.labels?.['kubevirt.io'] !== 'virt-handler') return false;
  for (const vmi of cluster.store.values<VirtualMachineInstance>(resources.vmis)) {
    const state = vmi.status?.migrationState;
    const copies = state?.startTimestamp !== undefined && state.completed !== true;
    if (copies && (state.sourceNode === node || state.targetNode === node)) return true;
  }
  return false;
}
