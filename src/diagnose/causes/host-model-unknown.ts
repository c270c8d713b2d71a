import { at as atField } from '../../model/finding.ts';
import { nodesOf } from '../../model/nodes.ts';
import { type Cause } from '../cause.ts';
import { isWaiting, noTargetBecause } from '../said.ts';

const UNKNOWN = /unable to locate host cpu model|does not contain labal|node does not contain label.*host cpu model/;
const LABEL = 'host-model-cpu.node.kubevirt.io/';

/** A guest with host-model needs to know its node's CPU model, and the node does not say it (facts/kubevirt.md C1, item 4). */
export const hostModelUnknown: Cause = {
  id: 'queue/host-model-unknown',
  title: 'The source node does not say which CPU it has',
  source: 'facts/kubevirt.md C1, F1; facts/anchors.md 2 pain 5',
  needs: ['migrations', 'virtualMachineInstances', 'nodes'],
  reads: ['events', 'logs'],
  migration(each) {
    if (!isWaiting(each)) return undefined;
    const { sourceNode, snapshot } = each;
    const said = noTargetBecause(each, UNKNOWN);
    const node = sourceNode === undefined ? undefined : nodesOf(snapshot).get(sourceNode);
    if (said === undefined || node === undefined) return undefined;
    if (Object.keys(node.labels).some((label) => label.startsWith(LABEL))) return undefined;
    return {
      confidence: 'certain',
      message: `it waits: the VM uses its host's CPU model, and node ${node.name} has no label ${LABEL}... that names it, so KubeVirt does not know where it may go`,
      evidence: [
        said.evidence,
        atField(
          node.object,
          '.metadata.labels["node-labeller.kubevirt.io/skip-node"]',
          node.labels['node-labeller.kubevirt.io/skip-node'],
        ),
      ],
      remedies: [
        `See whether virt-handler of ${node.name} is healthy; it writes the label within minutes: ferry diagnose node/${node.name}.`,
        'Remove the annotation node-labeller.kubevirt.io/skip-node from the node if it is there.',
        'For good: give the VM a named CPU model that all nodes have (takes effect at its next restart).',
      ],
    };
  },
  texts: [UNKNOWN],
  meaning: {
    message:
      'The node of a VM with cpu.model host-model lacks the label host-model-cpu.node.kubevirt.io/MODEL, so KubeVirt cannot make the target pod and tries for ever.',
    remedies: ['See why virt-handler of that node does not label it: ferry diagnose node/NODE.'],
  },
};
