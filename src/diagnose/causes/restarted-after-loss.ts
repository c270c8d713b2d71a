import { at as atField } from '../../model/finding.ts';
import { atEvent, type Cause } from '../cause.ts';

const MARKED = /^Marking for deletion Pod (\S+)$/;

/** Kubernetes deletes the pods of a node that has been out of reach for 300 s; the VM starts elsewhere once the old pod is gone (facts/kubevirt.md C4). */
export const restartedAfterLoss: Cause = {
  id: 'vm/restarted-after-node-loss',
  title: 'It was restarted because its node was lost',
  source: 'facts/kubevirt.md C4; facts/anchors.md 2 pain 28',
  needs: ['virtualMachineInstances'],
  reads: ['events'],
  vm({ vm, vmi, events }) {
    const begun = Date.parse(vmi?.metadata.creationTimestamp ?? '');
    const marked = events.findLast(
      ({ reason, message, last }) =>
        reason === 'TaintManagerEviction' && MARKED.test(message) && Date.parse(last) <= begun,
    );
    if (vmi === undefined || vm.node === undefined || marked === undefined) return undefined;
    return {
      confidence: 'certain',
      message: `the node it was on could not be reached for longer than Kubernetes waits; its pod was given up, and it was started anew on ${vm.node}. What its guest had in memory is lost`,
      evidence: [atEvent(marked), atField(vmi, '.metadata.creationTimestamp', vmi.metadata.creationTimestamp)],
      remedies: [
        'Find out why the node was lost: its power, its network, its kubelet.',
        'So that VMs come back sooner next time, have nodes fenced: Node Health Check with Self Node Remediation or Fence Agents.',
      ],
    };
  },
};
