import { at as atField } from '../../model/finding.ts';
import { type Cause } from '../cause.ts';
import { ends, migrationAddress, migrationNetworkOf } from '../migration-network.ts';
import { failureSaying, stateAt } from '../said.ts';
import { NO_WAY } from './unreachable.ts';

const ANNOTATION = '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"]';

/** One end is on the migration network and the other is not: its virt-handler runs with the pod network (facts/kubevirt.md D7). */
export const halfNetwork: Cause = {
  id: 'network/half-migration-network',
  title: 'Only one end is on the migration network',
  source: 'facts/kubevirt.md D7; facts/anchors.md 2 pain 26',
  needs: ['migrations', 'virtualMachineInstances', 'pods', 'kubeVirts'],
  migration(each) {
    const { snapshot, sourceNode, targetNode } = each;
    const network = migrationNetworkOf(each);
    const said = failureSaying(each, NO_WAY);
    if (network === undefined || said === undefined) return undefined;
    const lacking = ends(snapshot, [sourceNode, targetNode]).filter(
      ({ handler }) => handler !== undefined && migrationAddress(handler) === undefined,
    );
    const [first, second] = lacking;
    if (first?.handler === undefined || second !== undefined) return undefined;
    return {
      confidence: 'certain',
      message: `virt-handler of node ${first.name} has no interface migration0 on network ${network.written}, and uses the pod network; that of the other node uses the migration network, so they did not find each other`,
      evidence: [
        said.evidence,
        stateAt(each, 'targetNodeAddress'),
        atField(first.handler, ANNOTATION, first.handler.metadata.annotations?.['k8s.v1.cni.cncf.io/network-status']),
      ],
      remedies: [
        `If virt-handler is being rolled out for the network, migrate nothing until it is done: kubectl rollout status daemonset/virt-handler -n ${first.handler.metadata.namespace ?? ''}.`,
        `If the roll-out has stopped at a node, see why its pod does not start: ferry diagnose node/${first.name}, ferry diagnose cluster.`,
      ],
    };
  },
};
