import type { Pod, VirtualMachineInstance } from '../../model/objects.ts';
import type { StoreEvent } from '../api/store.ts';
import { byKey, type Cluster, modify } from '../cluster.ts';
import { resources } from '../resources.ts';
import { handlerSource, handlerWorks } from './handler-pods.ts';
import { currentPod, enterPhase } from './virt-vmi.ts';

/**
 * A launcher that is asked to end shuts its guest down first, and virt-handler says that the VMI has Succeeded: its VM
 * comes back by what its run strategy says of a guest that was shut down (facts/kubevirt.md A2; kubevirt#9823). One that
 * is killed at once (grace period 0), or whose virt-handler is silent, is Failed when virt-controller misses its pod.
 */
export function endGuestOf(cluster: Cluster, { object, previous, type }: StoreEvent): void {
  const pod = object as Pod;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, ownerReferences = [] } = pod.metadata;
  if (type === 'DELETED' || deletionTimestamp === undefined || previous?.metadata.deletionTimestamp !== undefined)
    return;
  const owner = ownerReferences.find(({ kind }) => kind === 'VirtualMachineInstance');
  if (owner === undefined || deletionGracePeriodSeconds === 0) return;
  const key = `${pod.metadata.namespace ?? ''}/${owner.name}`;
  const shutDown = (): void => {
    const vmi = byKey<VirtualMachineInstance>(cluster, resources.vmis, key);
    const node = vmi?.status?.nodeName;
    if (vmi?.status?.phase !== 'Running' || vmi.metadata.deletionTimestamp !== undefined) return;
    if (currentPod(cluster, vmi)?.metadata.uid !== pod.metadata.uid || !handlerWorks(cluster, node)) return;
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => enterPhase(cluster, draft, 'Succeeded'));
    cluster.events.normal(vmi, handlerSource(node), 'Stopped', 'The VirtualMachineInstance was shut down.');
  };
  cluster.clock.after(200, () => cluster.virtApi.whenWorks(shutDown));
}
