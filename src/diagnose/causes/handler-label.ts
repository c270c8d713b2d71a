import { at as atField } from '../../model/finding.ts';
import { isReadyPod } from '../../model/pods.ts';
import { type Cause } from '../cause.ts';
import { heartbeatAge } from '../handlers.ts';

/** Every launcher asks for kubevirt.io/schedulable=true; virt-handler sets it, and takes it back while it is shut down or lacks its devices (facts/kubevirt.md C4, F1). */
export const handlerLabel: Cause = {
  id: 'handler/not-schedulable',
  title: 'virt-handler says that its node takes no VMs',
  source: 'facts/kubevirt.md C4, F1',
  needs: ['nodes', 'pods'],
  node(node, { now }) {
    const age = heartbeatAge(node, now);
    if (node.schedulable !== false || !node.ready || node.handler === undefined || !isReadyPod(node.handler))
      return undefined;
    if (age !== undefined && age > 300) return undefined;
    const kvm = node.object.status?.allocatable?.['devices.kubevirt.io/kvm'];
    const bare = kvm === undefined || kvm === '0';
    return {
      confidence: bare ? 'certain' : 'likely',
      message: `${node.name} takes no VMs (label kubevirt.io/schedulable=false), though its virt-handler is ready${bare ? ': it offers no /dev/kvm' : ': it has just been restarted, or lacks its devices'}`,
      evidence: [
        atField(node.object, '.metadata.labels["kubevirt.io/schedulable"]', 'false'),
        ...(bare ? [atField(node.object, '.status.allocatable["devices.kubevirt.io/kvm"]', kvm ?? null)] : []),
      ],
      remedies: bare
        ? ['Turn virtualization on in its firmware, or leave the node out (spec.workloads of the HyperConverged).']
        : [
            'Wait two minutes: virt-handler sets the label anew with each heartbeat.',
            `If it stays, read why: kubectl logs -n ${node.handler.metadata.namespace} ${node.handler.metadata.name}.`,
          ],
    };
  },
};
