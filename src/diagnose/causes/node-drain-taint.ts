import { drainTaintKey } from '../../model/eviction.ts';
import { at as atField } from '../../model/finding.ts';
import { byNodeOf } from '../by-node.ts';
import { type Cause } from '../cause.ts';

/** KubeVirt empties a node with this taint, and goes on as long as it is there; evacuations cannot be called off meanwhile (facts/kubevirt.md C2, I). */
export const nodeDrainTaint: Cause = {
  id: 'node/drain-taint',
  title: 'The node has the drain taint: KubeVirt moves every VM off it',
  source: 'facts/kubevirt.md A8, C2, I',
  needs: ['nodes', 'virtualMachineInstances', 'kubeVirts'],
  node(node, { snapshot }) {
    const key = drainTaintKey(snapshot);
    const taint = node.taints.find((each) => each.key === key && each.effect === 'NoSchedule');
    if (taint === undefined) return undefined;
    const vms = byNodeOf(snapshot, node.name).length;
    return {
      confidence: vms === 0 ? 'likely' : 'certain',
      message: `${node.name} has the taint ${key}:NoSchedule: ${vms === 0 ? 'KubeVirt has emptied it, and no VM comes back while the taint is there' : `KubeVirt moves its ${vms} VM${vms === 1 ? '' : 's'} off, and repeats what fails for as long as the taint is there`}`,
      evidence: [atField(node.object, `.spec.taints[key=${key}].effect`, 'NoSchedule')],
      remedies: [
        `When the node is to take VMs again: kubectl taint node ${node.name} ${key}-.`,
        'To empty nodes, use a drain: KubeVirt calls this taint deprecated.',
      ],
    };
  },
  texts: [/has NodeDrainTaintKey/],
  meaning: {
    message: 'The evacuation of a VM cannot be called off while its node has the drain taint.',
    remedies: ['Take the taint off first: kubectl taint node NODE kubevirt.io/drain-.'],
  },
};
