import type { VirtualMachineInstance } from '../../model/objects.ts';
import { badRequest } from '../api/status.ts';
import { modify, now } from '../cluster.ts';
import { conditionOf, put, without } from '../controllers/conditions.ts';
import { handlerSource } from '../controllers/handler-pods.ts';
import { claimsOf } from '../controllers/launcher-pod.ts';
import { resources } from '../resources.ts';
import { fault } from './fault.ts';

const REASON = 'PausedIOError';

/**
 * The volume of a claim is gone on the node: QEMU stops the guest at its next write (error_policy=stop), and KubeVirt
 * says why (facts/kubevirt.md A3). Once the volume is back virt-launcher resumes a guest that no user has paused.
 */
export const volumeDetached = fault({
  name: 'volume-detached',
  summary: 'a VM loses the volume of its first claim: it is paused with an I/O error until it is back',
  parameters: { vm: 'required' },
  start: ({ cluster }, { vm }) => {
    const { store, events } = cluster;
    const find = (): VirtualMachineInstance | undefined =>
      store.get<VirtualMachineInstance>(resources.vmis, vm.namespace, vm.name);
    const vmi = find();
    if (vmi?.status?.phase !== 'Running') throw badRequest(`vm ${vm.namespace}/${vm.name} does not run`);
    const [volume] = claimsOf(vmi);
    if (volume === undefined) throw badRequest(`vm ${vm.namespace}/${vm.name} has no claim`);
    const text = `VM Paused due to IO error at the volume: ${volume.name}`;
    events.warning(vmi, handlerSource(vmi.status.nodeName), 'IOerror', text);
    modify<VirtualMachineInstance>(cluster, resources.vmis, vmi, (draft) => {
      const conditions = put(draft.status?.conditions, {
        type: 'Paused',
        status: 'True',
        reason: REASON,
        message: 'VMI was paused, low-level IO error detected',
        lastProbeTime: now(cluster),
        lastTransitionTime: now(cluster),
      });
      draft.status = { ...draft.status, conditions };
    });
    return () => {
      const later = find();
      if (later?.metadata.uid !== vmi.metadata.uid || later === undefined) return;
      if (conditionOf(later.status?.conditions, 'Paused')?.reason !== REASON) return;
      modify<VirtualMachineInstance>(cluster, resources.vmis, later, (draft) => {
        draft.status = { ...draft.status, conditions: without(draft.status?.conditions, 'Paused') };
      });
    };
  },
});
