import type { Pod, VirtualMachineInstanceMigration } from '../../model/objects.ts';
import { isFinishedPod } from '../../model/pods.ts';
import { type Cluster, keyOf } from '../cluster.ts';
import { CNV_NAMESPACE, resources } from '../resources.ts';
import { logTo } from './launcher-log.ts';

/**
 * What virt-controller logs of a migration that it cannot go on with: for what stands in the way of the target pod before
 * it is created this line is all there is, no event (KubeVirt pkg/virt-controller/watch/migration, Execute and
 * createTargetPod).
 */
export function logReenqueued(cluster: Cluster, migration: VirtualMachineInstanceMigration, reason: string): void {
  const leader = cluster.store
    .list<Pod>(resources.pods, CNV_NAMESPACE)
    .find((pod) => pod.metadata.labels?.['kubevirt.io'] === 'virt-controller' && !isFinishedPod(pod));
  if (leader === undefined) return;
  logTo(cluster, leader, 'virt-controller', `reenqueuing Migration ${keyOf(migration)}`, 'info', { reason });
}
